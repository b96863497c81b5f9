import { inspect } from "node:util";
import { beforeAll, expect, test, vi } from "vitest";
import { parseEnv } from "@/lib/env";
import type { Event } from "@/lib/protocol/event";
import { setRuntime } from "@/lib/runtime";
import { logger } from "@/lib/server/log";
import { PublishError } from "@/lib/server/relay/ports";
import { probePusher, publishEvents } from "@/lib/server/relay/publish-events";
import { startPushProvider } from "@/tests/support/push-provider";

const CONSULTATION = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";

beforeAll(() => {
  setRuntime({
    env: parseEnv({}).env,
    databaseUrl: "",
    databaseDirectUrl: "",
    nextAuthSecret: "",
    pusher: {
      appId: "app",
      key: "key-of-the-app",
      secret: "secret-of-the-app",
      cluster: null,
      host: "127.0.0.1",
      port: 1,
      useTLS: false,
      encryptionMasterKeyBase64: null,
    },
    publicPusher: { key: "k", cluster: null, wsHost: null, wsPort: null, forceTLS: false, encrypted: false },
    channelsPort: null,
  });
});

const eventOf = (seq: number, content = "x") =>
  ({ v: 1, consultationId: CONSULTATION, epoch: "e", seq, type: "new-message", data: { content } }) as unknown as Event;

const failureOf = (action: () => Promise<void>): Promise<PublishError> =>
  action().then(
    () => expect.unreachable("should have failed"),
    (error: PublishError) => error,
  );

test.each([
  ["F2 a wrong secret, or a clock that is off", 401, "refused", 1],
  ["F2 an account that is closed or over its quota", 403, "refused", 1],
  ["F2 an application that does not exist", 404, "refused", 1],
  ["F1 too many calls", 429, "away", 1],
  ["F1 a fault of the provider", 500, "away", 2],
  ["F1 a provider in maintenance", 503, "away", 2],
] as const)("%s (%i) is %s, in %i calls at the most", async (_name, status, reason, calls) => {
  const provider = await startPushProvider();
  provider.refuse(status);
  expect((await failureOf(() => publishEvents([eventOf(1), eventOf(2)]))).reason).toBe(reason);
  expect(provider.calls).toHaveLength(calls);
  expect((await failureOf(probePusher)).reason).toBe(reason);
});

test("F1 a provider that cannot be reached, and one that never answers, are away within the time of a call", async () => {
  expect((await failureOf(probePusher)).reason).toBe("away");
  const provider = await startPushProvider();
  provider.behave = () => undefined;
  const begun = performance.now();
  expect((await failureOf(probePusher)).reason).toBe("away");
  expect(performance.now() - begun).toBeLessThan(3_500);
});

test("F34 F2 one event that is refused in the middle goes out as a hint with an alert; the others as they are, in order", async () => {
  const alert = vi.spyOn(logger(), "error").mockReturnValue(undefined);
  const provider = await startPushProvider();
  provider.behave = (call, response, request) => {
    const refused = call.pushes.some(({ data }) => JSON.stringify(data).includes("poison"));
    if (refused) response.writeHead(413).end();
    else provider.accept(call, response, request);
  };
  await publishEvents([1, 2, 3, 4, 5].map((seq) => eventOf(seq, seq === 3 ? "poison" : "x")));
  expect(provider.accepted.map(({ data }) => [data.seq, data.hint ?? false])).toEqual([
    [1, false],
    [2, false],
    [3, true],
    [4, false],
    [5, false],
  ]);
  expect(alert).toHaveBeenCalledExactlyOnceWith(
    { consultationId: CONSULTATION, seq: 3, type: "new-message", status: 413 },
    "event refused by Pusher, published as a hint",
  );
  vi.restoreAllMocks();
});

test("F34 events that are refused in every form are a failure of these events, not of the provider", async () => {
  vi.spyOn(logger(), "error").mockReturnValue(undefined);
  const provider = await startPushProvider();
  provider.refuse(400);
  expect((await failureOf(() => publishEvents([eventOf(1)]))).reason).toBe("events");
  vi.restoreAllMocks();
});

test.each([
  ["refused", 401, undefined, 1],
  ["broken", 500, undefined, 2],
  ["cut off in the middle of its body", 200, "half", 2],
] as const)(
  "F1 an answer that is %s leaves no signed URL in the error or what is logged of it",
  async (_name, status, half, calls) => {
    const provider = await startPushProvider();
    provider.behave = (_call, response, request) => {
      if (!half) return void response.writeHead(status).end();
      response.writeHead(status).write(half);
      setTimeout(() => request.socket.destroy(), 20);
    };
    const error = await failureOf(probePusher);
    expect(error).toBeInstanceOf(PublishError);
    expect(provider.calls).toHaveLength(calls);
    const words = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + error.stack;
    expect(words).not.toMatch(/auth_signature|key-of-the-app|secret-of-the-app|batch_events/);
  },
);
