import { expect, it } from "vitest";
import { Shared } from "@/lib/browser/shared";
import type { ConversationEngine, ConversationView } from "@/lib/sync/conversation-engine";
import { keepConnected } from "@/lib/sync/socket-keeper";
import { ANNA, refused } from "@/tests/support/sim/server-model";
import { type SimClient, World } from "@/tests/support/sim/world";

function share({ engine, ports }: SimClient) {
  return new Shared<ConversationView, ConversationEngine>(engine, {
    clock: ports.clock,
    retainSocket: () => keepConnected(ports),
  });
}

it("SND1 a message is still sent although its room was left before it could be", async () => {
  const world = new World();
  const client = world.client(ANNA);
  const room = share(client);
  const leave = room.subscribe(() => {});
  await world.clock.advance(200);
  client.signals.set("offline");
  await client.send("on the way out");
  leave();
  await world.clock.advance(60_000);
  expect(world.server.messages.size).toBe(0);
  client.signals.set("online");
  await world.clock.advance(20_000);
  expect([...world.server.messages.values()].map(({ content }) => content)).toEqual(["on the way out"]);
  expect(room.running).toBe(false);
  expect([world.clock.pending, client.transport.channels.size, client.transport.listenerCount]).toEqual([0, 0, 0]);
});

it("SND4 a parked message waits for its writer and keeps nothing running", async () => {
  const world = new World();
  const client = world.client(ANNA);
  const room = share(client);
  const leave = room.subscribe(() => {});
  await world.clock.advance(200);
  client.api.script("sendMessage", refused("not-allowed"));
  await client.send("refused");
  await world.clock.advance(200);
  leave();
  await world.clock.advance(10_000);
  expect(room.running).toBe(false);
});

it("F30 a flood is drawn once at first and then once a frame, to its last word", async () => {
  const world = new World();
  const client = world.client(ANNA);
  const room = share(client);
  const drawn: number[] = [];
  const leave = room.subscribe(() => drawn.push(room.getSnapshot().items.length));
  await world.clock.advance(1_000);
  drawn.length = 0;
  client.signals.set("offline");
  for (let count = 0; count < 50; count++) await client.send(`words ${count}`);
  expect(drawn.length).toBeLessThanOrEqual(2);
  await world.clock.advance(100);
  expect([drawn.length <= 4, drawn.at(-1)]).toEqual([true, 50]);
  leave();
});
