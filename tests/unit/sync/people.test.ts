import { expect, it } from "vitest";
import { userChannel } from "@/lib/protocol/channels";
import { ConsultationList } from "@/lib/sync/consultation-list";
import { isTold, keepRoomKnown, People, withPeople } from "@/lib/sync/people";
import { ANNA, CONSULTATION_ID, IBRAHIM, WEBER } from "@/tests/support/sim/server-model";
import { World } from "@/tests/support/sim/world";

const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z`;

it("C5 of what is heard of one person the later counts, in whatever order it comes", () => {
  const tellings = [
    { online: true, lastActiveAt: at(1) },
    { online: false, lastActiveAt: at(1) },
    { online: true, lastActiveAt: at(3) },
    { online: true, lastActiveAt: at(4) },
    { online: false, lastActiveAt: at(4) },
    { online: false, lastActiveAt: null },
  ];
  const orders = [tellings, [...tellings].reverse(), [4, 0, 5, 2, 1, 3].map((index) => tellings[index])];
  for (const order of orders) {
    const people = new People();
    for (const telling of order) if (telling) people.see([[WEBER.id, telling]]);
    expect(people.getSnapshot().get(WEBER.id)).toEqual({ online: false, lastActiveAt: at(4) });
  }
});

it("C5 what tells nothing new changes nothing and wakes nobody", () => {
  const people = new People();
  let woken = 0;
  people.subscribe(() => {
    woken += 1;
  });
  people.see([[WEBER.id, { online: true, lastActiveAt: at(2) }]]);
  const known = people.getSnapshot();
  people.see([[WEBER.id, { online: true, lastActiveAt: at(2) }]]);
  people.see([[WEBER.id, { online: true, lastActiveAt: at(1) }]]);
  expect(people.getSnapshot()).toBe(known);
  expect(woken).toBe(1);
});

it("C5 pushes, lists and snapshots feed one store; an unreadable push is ignored", async () => {
  const world = new World();
  const client = world.client(ANNA).start();
  const people = new People();
  const api = withPeople(client.ports.api, people);
  const list = new ConsultationList({ ...client.ports, api }, ANNA.id, people);
  list.start();
  await world.clock.advance(200);
  expect(people.getSnapshot().get(WEBER.id)).toEqual({ online: false, lastActiveAt: null });

  const tell = (data: unknown) => client.transport.deliver(userChannel(ANNA.id), "user-status-change", data);
  tell({ v: 1, userId: WEBER.id, status: "online", lastActiveAt: at(5) });
  tell({ v: 1, userId: WEBER.id, status: "away", lastActiveAt: at(6) });
  tell({ v: 2, userId: WEBER.id, status: "offline", lastActiveAt: at(6) });
  tell("offline");
  await world.clock.advance(50);
  expect(people.getSnapshot().get(WEBER.id)).toEqual({ online: true, lastActiveAt: at(5) });

  const [row] = world.server.listFor(ANNA);
  if (!row) throw new Error("a row expected");
  const counterpart = { ...row.counterpart, online: false, lastActiveAt: at(7) };
  client.transport.deliver(userChannel(ANNA.id), "consultation-updated", {
    v: 1,
    consultation: { ...row, counterpart },
  });
  await world.clock.advance(50);
  expect(people.getSnapshot().get(WEBER.id)).toEqual({ online: false, lastActiveAt: at(7) });

  const snapshot = world.server.readSnapshot();
  const participants = snapshot.participants.map((one) => ({ ...one, online: true, lastActiveAt: at(8) }));
  world.server.readSnapshot = () => ({ ...snapshot, participants });
  void api.readSnapshot("any");
  await world.clock.advance(50);
  expect(people.getSnapshot().get(WEBER.id)).toEqual({ online: true, lastActiveAt: at(8) });
  list.stop();
  client.stop();
});

it("C5 a client that hears no pushes learns from the list it polls", async () => {
  const world = new World();
  const client = world.client(ANNA);
  client.transport.reachable = false;
  client.start();
  const people = new People();
  const list = new ConsultationList({ ...client.ports, api: withPeople(client.ports.api, people) }, ANNA.id, people);
  list.start();
  await world.clock.advance(5_000);
  expect(list.getSnapshot().status).toBe("polling");
  const listFor = world.server.listFor.bind(world.server);
  world.server.listFor = (user) =>
    listFor(user).map((row) => ({ ...row, counterpart: { ...row.counterpart, online: true, lastActiveAt: at(9) } }));
  await world.clock.advance(4_000);
  expect(people.getSnapshot().get(WEBER.id)).toEqual({ online: true, lastActiveAt: at(9) });
  list.stop();
  client.stop();
});

it("C5 of others than the list names it learns from the room, while it is seen and hears no pushes", async () => {
  const world = new World();
  const client = world.client(ANNA);
  client.transport.reachable = false;
  client.start();
  const readings = () => client.api.count("readSnapshot");
  let others = false;
  const people = new People();
  const ports = { ...client.ports, api: withPeople(client.ports.api, people) };
  const stop = keepRoomKnown(ports, CONSULTATION_ID, () => others);
  await world.clock.advance(60_000);
  const before = readings();
  await world.clock.advance(60_000);
  expect(readings()).toBe(before);

  others = true;
  const snapshot = world.server.readSnapshot();
  const [first] = snapshot.participants;
  if (!first) throw new Error("a participant expected");
  const ibrahim = { ...first, user: IBRAHIM, online: true, lastActiveAt: at(3) };
  world.server.readSnapshot = () => ({ ...snapshot, participants: [...snapshot.participants, ibrahim] });
  await world.clock.advance(30_000);
  expect(readings()).toBeGreaterThan(before);
  expect(people.getSnapshot().get(IBRAHIM.id)).toEqual({ online: true, lastActiveAt: at(3) });

  client.signals.set("hidden");
  await world.clock.advance(1_000);
  const hidden = readings();
  await world.clock.advance(60_000);
  expect(readings()).toBe(hidden);
  client.transport.reachable = true;
  client.transport.connect();
  client.signals.set("visible");
  await world.clock.advance(60_000);
  expect(client.view.status).toBe("live");
  expect(readings()).toBe(hidden);
  stop();
  client.stop();
  expect(world.clock.pending).toBe(0);
});

it("R8 UI7 C5 who is here is known while pushes come or somebody answers, and not for a moment longer", () => {
  expect(isTold({ status: "live", reachable: true })).toBe(true);
  expect(isTold({ status: "live", reachable: false })).toBe(true);
  expect(isTold({ status: "polling", reachable: true })).toBe(true);
  expect(isTold({ status: "connecting", reachable: true })).toBe(true);
  expect(isTold({ status: "polling", reachable: false })).toBe(false);
  expect(isTold({ status: "offline", reachable: true })).toBe(false);
});
