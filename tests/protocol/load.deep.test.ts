import { expect, test } from "vitest";
import { startServer } from "./harness";
import { until } from "./until";

test("E6 200 sockets in one room hear 1,000 events, each all of them, in order", async () => {
  const server = await startServer();
  const events = 1_000;
  const clients = await Promise.all(Array.from({ length: 200 }, () => server.raw()));
  for (const client of clients) {
    const channel = "private-room";
    client.subscribe(channel, server.sdk.authorizeChannel(client.socketId, channel));
  }
  await Promise.all(clients.map((client) => client.next("pusher_internal:subscription_succeeded")));
  for (let index = 0; index < events; index += 10) {
    await server.sdk.triggerBatch(
      Array.from({ length: 10 }, (_, offset) => ({
        channel: "private-room",
        name: "message",
        data: String(index + offset),
      })),
    );
  }
  await until("every delivery", () => clients.every(({ messages }) => messages.length >= events + 2), 15_000);
  const order = Array.from({ length: events }, (_, index) => String(index));
  for (const { messages } of clients) expect(messages.slice(2).map(({ data }) => data)).toEqual(order);
});
