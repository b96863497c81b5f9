import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { PusherEvent } from "@/lib/pusher/server";
import { logger } from "@/lib/server/log";
import { canPushCourtesies, courtesiesSent, pushCourtesies } from "@/lib/server/relay/push-courtesy";
import { setIdleRuntime } from "@/tests/support/idle-runtime";
import { startPushProvider } from "@/tests/support/push-provider";

beforeAll(() => {
  setIdleRuntime({ databaseUrl: "postgres://nowhere", nextAuthSecret: "test-secret-test-secret" });
  vi.spyOn(logger(), "warn").mockReturnValue(undefined);
});
// A failure before pauses for a second.
beforeEach(() => expect.poll(canPushCourtesies, { timeout: 3_000 }).toBe(true));

const to = (channel: string, number: number): PusherEvent => ({ channel, name: "n", data: JSON.stringify({ number }) });

test("C7 what goes to one channel arrives in its order, many in one call", async () => {
  const provider = await startPushProvider();
  const channels = Array.from({ length: 5 }, () => `private-user-${randomUUID()}`);
  for (let number = 0; number < 60; number++) pushCourtesies(channels.map((channel) => to(channel, number)));
  await courtesiesSent();
  for (const channel of channels) {
    const numbers = provider.accepted.filter((push) => push.channel === channel).map(({ data }) => data.number);
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, number) => number));
  }
  expect(provider.calls.length).toBeLessThanOrEqual(34);
});

test("F1 while the provider fails courtesies are dropped, at most a call, made twice, a lane and second, and nobody waits", async () => {
  const provider = await startPushProvider();
  provider.refuse(500);
  for (let number = 0; number < 500; number++) pushCourtesies([to(`private-user-${number % 50}`, number)]);
  await courtesiesSent();
  expect(provider.calls.length).toBeLessThanOrEqual(8);
  expect(canPushCourtesies()).toBe(false);
  const calls = provider.calls.length;
  pushCourtesies([to("private-user-1", 1)]);
  await courtesiesSent();
  expect(provider.calls).toHaveLength(calls);

  provider.behave = provider.accept;
  await expect.poll(canPushCourtesies, { timeout: 3_000 }).toBe(true);
  pushCourtesies([to("private-user-1", 2)]);
  await courtesiesSent();
  expect(provider.accepted.map(({ data }) => data)).toEqual([{ number: 2 }]);
});

test("F34 what the provider will never take is dropped without a pause", async () => {
  const provider = await startPushProvider();
  provider.behave = ({ pushes }, response) =>
    void response.writeHead(pushes.some(({ data }) => data.number === 0) ? 413 : 200).end("{}");
  for (let number = 0; number < 12; number++) pushCourtesies([to("private-user-1", number)]);
  await courtesiesSent();
  expect(provider.accepted.map(({ data }) => data.number)).toEqual([10, 11]);
  expect(canPushCourtesies()).toBe(true);
});
