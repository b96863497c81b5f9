import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import {
  isChannelOccupied,
  occupiedChannels,
  PusherError,
  terminateUserConnections,
  triggerPusherEvents,
} from "@/lib/pusher/server";
import { setIdleRuntime } from "@/tests/support/idle-runtime";
import { startPushProvider } from "@/tests/support/push-provider";

beforeAll(() => setIdleRuntime({ databaseUrl: "postgres://nowhere", nextAuthSecret: "test-secret-test-secret" }));

const push = (number: number) => triggerPusherEvents([{ channel: "private-c", name: "n", data: `{"n":${number}}` }]);

type Fault = (response: ServerResponse, request: IncomingMessage) => void;
const cut: Fault = (_response, request) => request.socket.resetAndDestroy();
const cutAnswer: Fault = (response, request) => {
  response.writeHead(200, { "content-length": "2" }).write("{");
  setTimeout(() => request.socket.resetAndDestroy(), 20);
};
const FAULTS: readonly (readonly [string, Fault])[] = [
  ["is reset on a reused connection", cut],
  ["gets half an answer", cutAnswer],
  ["meets a broken gateway", (response) => void response.writeHead(502).end("<html>Bad gateway</html>")],
  ["never gets an answer", () => undefined],
];

test.each(FAULTS)("W10 one call that %s is made again at once, on another connection", async (_name, fault) => {
  const provider = await startPushProvider();
  await push(1);
  const begun = performance.now();
  provider.behave = (_call, response, request) => {
    provider.behave = provider.accept;
    fault(response, request);
  };
  await push(2);
  expect(performance.now() - begun).toBeLessThan(2_800);
  expect(provider.calls).toHaveLength(3);
  expect(provider.connections).toBe(2);
  // And what is pushed meanwhile is not made to wait.
  await Promise.all([3, 4, 5].map(push));
  expect(provider.calls).toHaveLength(6);
});

test("W10 one connection that is refused is opened again at once", async () => {
  const provider = await startPushProvider();
  provider.refuseConnections = 1;
  await push(1);
  expect(provider.accepted).toHaveLength(1);
});

test("W10 questions and the end of somebody's connections are repeated as pushes are", async () => {
  const provider = await startPushProvider();
  const answers = { "/channels": { channels: { "private-user-1": {} } }, "/channels/private-c": { occupied: true } };
  const faultless = (response: ServerResponse, request: IncomingMessage) => {
    const path = new URL(request.url ?? "", "http://provider").pathname.replace(/^\/apps\/[^/]+/, "");
    response.end(JSON.stringify(answers[path as keyof typeof answers] ?? {}));
  };
  for (const ask of [
    () => occupiedChannels("private-user-"),
    () => isChannelOccupied("private-c"),
    () => terminateUserConnections("anna"),
  ]) {
    let calls = 0;
    provider.behave = (_call, response, request) => (calls++ === 0 ? cut : faultless)(response, request);
    await ask();
    expect(calls).toBe(2);
  }
});

test("W10 one slow second is awaited and nothing is pushed twice", async () => {
  const provider = await startPushProvider();
  provider.behave = (call, response, request) => void setTimeout(provider.accept, 1_000, call, response, request);
  await push(1);
  expect(provider.calls).toHaveLength(1);
});

test("W10 a late answer counts although the second call was refused meanwhile", async () => {
  const provider = await startPushProvider();
  provider.behave = (call, response, request) => {
    if (provider.calls.length === 1) setTimeout(provider.accept, 1_800, call, response, request);
    else response.writeHead(500).end();
  };
  await push(1);
  expect(provider.calls).toHaveLength(2);
});

test("F1 a call fails when both have failed, and not later than a call may take", async () => {
  const provider = await startPushProvider();
  provider.behave = (_call, _response, request) => request.socket.resetAndDestroy();
  await expect(push(1)).rejects.toEqual(new PusherError(null));
  expect(provider.calls).toHaveLength(2);
});

test("W10 a connection is not reused at the moment at which its server closes it", async () => {
  const provider = await startPushProvider({ keepAliveMs: 2_000 });
  await push(1);
  // It would be closed after two seconds; we are a second before.
  await sleep(1_500);
  await push(2);
  expect(provider.connections).toBe(2);
  expect(provider.calls).toHaveLength(2);
});
