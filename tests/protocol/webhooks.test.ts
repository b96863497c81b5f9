import { type AddressInfo, createServer } from "node:net";
import Pusher from "pusher";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ChannelsServerOptions } from "@/lib/embedded/channels/server";
import { APP, startServer, startWebhookReceiver, type TestServer } from "./harness";
import { until } from "./until";

const quick = { leaveDelayMs: 30, webhookGatherMs: 5, webhookRetryMs: [10, 10, 10], webhookTimeoutMs: 200 };

async function startWithReceiver(statuses: number[] = [], options: Partial<ChannelsServerOptions> = {}) {
  const receiver = await startWebhookReceiver(statuses);
  const server = await startServer({
    webhookUrl: () => receiver.url,
    ...options,
    timings: { ...quick, ...options.timings },
  });
  return { receiver, server };
}

async function enter(server: TestServer, channel: string, userId?: string) {
  const client = await server.raw();
  const person = userId === undefined ? undefined : { user_id: userId };
  client.subscribe(channel, server.sdk.authorizeChannel(client.socketId, channel, person));
  await client.next("pusher_internal:subscription_succeeded");
  return client;
}

describe("E6 webhooks", () => {
  test("tell of rooms and people, coming and going, in order", async () => {
    const { receiver, server } = await startWithReceiver();
    const ada = await enter(server, "presence-room", "ada");
    await enter(server, "presence-room", "ben");
    const arrivals = [
      "channel_occupied presence-room",
      "member_added presence-room ada",
      "member_added presence-room ben",
    ];
    await until("the arrivals", () => receiver.told().length === 3);
    ada.drop();
    await until("the leaving", () => receiver.told().length === 4);
    expect(receiver.told()).toEqual([...arrivals, "member_removed presence-room ada"]);
  });

  test("the last to leave empties the room", async () => {
    const { receiver, server } = await startWithReceiver();
    const ada = await enter(server, "presence-room", "ada");
    ada.send({ event: "pusher:unsubscribe", data: { channel: "presence-room" } });
    await until("the end", () => receiver.told().length === 4);
    expect(receiver.told().slice(2)).toEqual(["member_removed presence-room ada", "channel_vacated presence-room"]);
  });

  test("are genuine to the official server SDK, and not once a byte is changed", async () => {
    const { receiver, server } = await startWithReceiver();
    await enter(server, "private-room");
    await until("a webhook", () => receiver.requests.length > 0);
    const [request] = receiver.requests;
    if (!request) throw new Error("a request was awaited");
    const { headers, rawBody } = request;
    expect(headers["x-pusher-key"]).toBe(APP.key);
    const webhook = server.sdk.webhook({ headers, rawBody });
    expect(webhook.isValid()).toBe(true);
    expect(webhook.getEvents()).toEqual([{ name: "channel_occupied", channel: "private-room" }]);
    expect(Math.abs(webhook.getTime().getTime() - Date.now())).toBeLessThan(5_000);
    expect(server.sdk.webhook({ headers, rawBody: rawBody.replace("room", "r00m") }).isValid()).toBe(false);
    const stranger = new Pusher({ ...APP, secret: "another", host: "127.0.0.1" });
    expect(stranger.webhook({ headers, rawBody }).isValid()).toBe(false);
  });

  test("a reload tells nothing: neither leaving nor coming", async () => {
    const { receiver, server } = await startWithReceiver([], { timings: { leaveDelayMs: 60_000 } });
    const before = await enter(server, "presence-room", "ada");
    before.send({ event: "pusher:unsubscribe", data: { channel: "presence-room" } });
    await before.settle();
    await enter(server, "presence-room", "ada");
    await server.close();
    expect(receiver.told()).toEqual(["channel_occupied presence-room", "member_added presence-room ada"]);
  });

  test("a leave is held back for its whole delay, then told", async () => {
    const { receiver, server } = await startWithReceiver([], { timings: { leaveDelayMs: 120 } });
    const client = await enter(server, "private-room");
    await until("the arrival", () => receiver.told().length === 1);
    const left = performance.now();
    client.drop();
    await until("the leaving", () => receiver.told().length === 2);
    expect(performance.now() - left).toBeGreaterThanOrEqual(115);
    expect(receiver.told()[1]).toBe("channel_vacated private-room");
  });

  test("somebody else taking the room over keeps it occupied, but the first one has left", async () => {
    const { receiver, server } = await startWithReceiver([], { timings: { leaveDelayMs: 60_000 } });
    const ada = await enter(server, "presence-room", "ada");
    ada.send({ event: "pusher:unsubscribe", data: { channel: "presence-room" } });
    await ada.settle();
    await enter(server, "presence-room", "ben");
    await server.close();
    expect(receiver.told()).toEqual([
      "channel_occupied presence-room",
      "member_added presence-room ada",
      "member_added presence-room ben",
      "member_removed presence-room ada",
    ]);
  });

  test("a client event is told with its sender", async () => {
    const { receiver, server } = await startWithReceiver();
    const client = await enter(server, "presence-room", "ada");
    client.send({ event: "client-typing", channel: "presence-room", data: { typing: true } });
    await until("the event", () => receiver.told().includes("client_event presence-room ada"));
    const event = receiver.requests
      .flatMap(({ rawBody }) => JSON.parse(rawBody).events)
      .find(({ name }: { name: string }) => name === "client_event");
    expect(event).toEqual({
      name: "client_event",
      channel: "presence-room",
      event: "client-typing",
      data: '{"typing":true}',
      socket_id: client.socketId,
      user_id: "ada",
    });
  });

  test("what happens together travels together", async () => {
    const { receiver, server } = await startWithReceiver([], { timings: { webhookGatherMs: 60_000 } });
    for (let index = 0; index < 5; index += 1) await enter(server, `private-room-${index}`);
    await server.close();
    expect(receiver.told()).toHaveLength(5);
    expect(receiver.requests).toHaveLength(1);
  });

  test("a receiver that fails is asked again with the same bytes, and nothing overtakes", async () => {
    const { receiver, server } = await startWithReceiver([500, 503]);
    await enter(server, "private-first");
    await until("the first attempt", () => receiver.requests.length >= 1);
    await enter(server, "private-second");
    await until("both to be told", () => receiver.told().includes("channel_occupied private-second"));
    expect(receiver.told()).toEqual([
      ...Array(3).fill("channel_occupied private-first"),
      "channel_occupied private-second",
    ]);
    expect(new Set(receiver.requests.slice(0, 3).map(({ rawBody }) => rawBody)).size).toBe(1);
    expect(server.problems).toEqual([]);
  });

  test("a receiver that never takes it costs that request only, and the operator is told", async () => {
    const { receiver, server } = await startWithReceiver([500, 500, 500, 500]);
    await enter(server, "private-lost");
    await until("the problem", () => server.problems.length > 0);
    expect(server.problems).toEqual(["webhooks: 1 events not delivered (status 500)"]);
    await enter(server, "private-next");
    await until("the next one", () => receiver.told().at(-1) === "channel_occupied private-next");
  });

  test("a redirect is not followed", async () => {
    const { receiver, server } = await startWithReceiver([307, 307, 307, 307]);
    await enter(server, "private-room");
    await until("the problem", () => server.problems.length > 0);
    expect(receiver.requests).toHaveLength(4);
  });

  test("without an address nothing is sent, from the moment there is one it is", async () => {
    const receiver = await startWebhookReceiver();
    let url: string | null = null;
    let asked = 0;
    const server = await startServer({
      timings: quick,
      webhookUrl() {
        asked += 1;
        return url;
      },
    });
    await enter(server, "private-early");
    await until("the address to be asked for", () => asked === 1);
    url = receiver.url;
    await enter(server, "private-late");
    await until("the webhook", () => receiver.requests.length > 0);
    expect(receiver.told()).toEqual(["channel_occupied private-late"]);
  });

  test("a backlog beyond its limit loses its oldest, and the operator is told", async () => {
    const { receiver, server } = await startWithReceiver([], {
      limits: { webhookBacklog: 2 },
      timings: { webhookGatherMs: 60_000 },
    });
    for (const name of ["one", "two", "three"]) await enter(server, `private-${name}`);
    await server.close();
    expect(receiver.told()).toEqual(["channel_occupied private-two", "channel_occupied private-three"]);
    expect(server.problems).toEqual(["webhooks: 1 events dropped, the receiver is too slow"]);
  });

  test("closing tells what had happened, but not that the closed sockets left", async () => {
    const { receiver, server } = await startWithReceiver([], {
      timings: { leaveDelayMs: 60_000, webhookGatherMs: 60_000 },
    });
    const gone = await enter(server, "private-gone");
    await enter(server, "private-there");
    gone.send({ event: "pusher:unsubscribe", data: { channel: "private-gone" } });
    await gone.settle();
    await server.close();
    expect(receiver.told()).toEqual([
      "channel_occupied private-gone",
      "channel_occupied private-there",
      "channel_vacated private-gone",
    ]);
  });

  test("the sockets a closing server ends have not left", async () => {
    const { receiver, server } = await startWithReceiver([], { timings: { leaveDelayMs: 0, webhookGatherMs: 0 } });
    await enter(server, "presence-room", "ada");
    await until("the arrival", () => receiver.told().length === 2);
    await server.close();
    const next = await startServer({ webhookUrl: () => receiver.url, timings: quick });
    await enter(next, "private-marker");
    await until("the marker", () => receiver.told().includes("channel_occupied private-marker"));
    expect(receiver.told()).toHaveLength(3);
  });

  test("closing does not wait for a receiver that hangs", async () => {
    let asked = false;
    const receiver = createServer((socket) => {
      asked = true;
      onTestFinished(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void receiver.close());
    const server = await startServer({
      webhookUrl: () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      timings: { ...quick, webhookTimeoutMs: 60_000, webhookFlushMs: 50 },
    });
    await enter(server, "private-room");
    await until("the receiver to be asked", () => asked);
    await server.close();
    expect(server.problems).toEqual(["webhooks: 1 events not delivered (AbortError)"]);
  });
});
