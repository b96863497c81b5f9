import { expect, it } from "vitest";
import { Shared } from "@/lib/browser/shared";
import { keepConnected } from "@/lib/sync/socket-keeper";
import { ANNA, refused } from "@/tests/support/sim/server-model";
import { type SimClient, World } from "@/tests/support/sim/world";

function share({ engine, ports }: SimClient) {
  return new Shared(engine, { clock: ports.clock, retainSocket: () => keepConnected(ports) });
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
