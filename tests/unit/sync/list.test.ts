import { describe, expect, it } from "vitest";
import { userChannel } from "@/lib/protocol/channels";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { ConsultationList, type ListNews } from "@/lib/sync/consultation-list";
import { ANNA, WEBER } from "@/tests/support/sim/server-model";
import { World } from "@/tests/support/sim/world";

const CHANNEL = userChannel(ANNA.id);
const OTHER_ID = "e0000000-0000-4000-8000-000000000005";

async function open() {
  const world = new World();
  world.say(WEBER, "first");
  const client = world.client(ANNA).start();
  const list = new ConsultationList(client.ports, ANNA.id);
  list.start();
  await world.clock.advance(300);
  const [row] = world.server.listFor(ANNA);
  if (!row) throw new Error("a row expected");
  return {
    world,
    client,
    list,
    row,
    rows: () => list.getSnapshot().rows ?? [],
    push: (name: string, data: unknown) => client.transport.deliver(CHANNEL, name, data),
    update: (consultation: ConsultationRow) =>
      client.transport.deliver(CHANNEL, "consultation-updated", {
        v: 1,
        consultationId: consultation.id,
        consultation,
      }),
    readings: () => client.api.count("listConsultations"),
    close() {
      list.stop();
      client.stop();
    },
  };
}

describe("rows", () => {
  it("C7 preview, unread count, status and order follow the pushes without a reading", async () => {
    const { world, row, rows, update, readings, close } = await open();
    const before = readings();
    const lastMessage = { ...row.lastMessage, id: world.nextMessageId(), seq: 2, preview: "second" };
    update({ ...row, headSeq: 2, unreadCount: 2, lastMessage: lastMessage as ConsultationRow["lastMessage"] });
    await world.clock.advance(50);
    expect(rows()[0]).toMatchObject({ unreadCount: 2, headSeq: 2, lastMessage: { preview: "second" } });
    update({ ...row, headSeq: 2, readUpToSeq: 2, unreadCount: 0 });
    update({ ...row, headSeq: 2, unreadCount: 2 });
    await world.clock.advance(50);
    expect(rows()[0]).toMatchObject({ unreadCount: 0, readUpToSeq: 2 });
    update({ ...row, headSeq: 3, readUpToSeq: 2, status: "COMPLETED" });
    await world.clock.advance(50);
    expect(rows()[0]?.status).toBe("COMPLETED");
    expect(readings()).toBe(before);
    close();
  });

  it("C7 one that is new to me is read, not believed; one that is mine no longer goes and does not come back", async () => {
    const { world, row, rows, update, push, readings, close } = await open();
    const listFor = world.server.listFor.bind(world.server);
    const added = { ...row, id: OTHER_ID, subject: "New" };
    world.server.listFor = (user) => [...listFor(user), added];
    const before = readings();
    update(added);
    await world.clock.advance(50);
    expect(readings()).toBe(before + 1);
    expect(rows().map(({ id }) => id)).toContain(OTHER_ID);

    world.server.listFor = listFor;
    push("consultation-updated", { v: 1, consultationId: OTHER_ID });
    await world.clock.advance(50);
    expect(rows().map(({ id }) => id)).toEqual([row.id]);
    // Overtaken on its way by the removal: it must not bring the row back, not for a moment.
    update({ ...added, headSeq: 9 });
    await world.clock.advance(5);
    expect(rows().map(({ id }) => id)).toEqual([row.id]);
    await world.clock.advance(200);
    expect(rows().map(({ id }) => id)).toEqual([row.id]);
    close();
  });

  it("S9 pushes that say to read again for nothing are a reason to read once in 5 s, however many there are", async () => {
    const { world, row, push, rows, readings, close } = await open();
    const before = readings();
    for (let i = 0; i < 60; i += 1) {
      const news = i % 2 ? { v: 7 } : { v: 1, consultationId: OTHER_ID, consultation: { ...row, id: OTHER_ID } };
      world.clock.after(i * 200, () => push("consultation-updated", news));
    }
    await world.clock.advance(12_100);
    expect(readings() - before).toBeGreaterThanOrEqual(2);
    expect(readings() - before).toBeLessThanOrEqual(5);
    expect(rows().map(({ id }) => id)).toEqual([row.id]);
    // What is true is read in the end.
    const listFor = world.server.listFor.bind(world.server);
    world.server.listFor = (user) => [...listFor(user), { ...row, id: OTHER_ID }];
    push("consultation-updated", { v: 7 });
    await world.clock.advance(5_100);
    expect(rows().map(({ id }) => id)).toContain(OTHER_ID);
    close();
  });

  it("R8 UI4 a row goes at once where its room was found to be none of mine, and a reading on its way does not keep it", async () => {
    const { world, client, list, row, rows, update, close } = await open();
    client.api.latencyMs = () => 300;
    void list.refresh();
    await world.clock.advance(10);
    update({ ...row, headSeq: 9 });
    world.server.listFor = () => [];
    list.forget(row.id);
    expect(rows()).toEqual([]);
    await world.clock.advance(1_000);
    expect(rows()).toEqual([]);
    close();
  });

  it("R8 UI4 a connection that is ended on purpose is a reason to read the list within half a second", async () => {
    const { world, client, rows, close } = await open();
    world.server.listFor = () => [];
    client.transport.disconnect("refused");
    await world.clock.advance(600);
    expect(rows()).toEqual([]);
    close();
  });

  it("R8 UI7 C5 while nobody answers the list says so, and until the next answer", async () => {
    const { world, client, list, close } = await open();
    client.transport.reachable = false;
    client.transport.disconnect();
    client.api.script("listConsultations", { ok: false, failure: { kind: "foreign", retryAfterMs: null } });
    await world.clock.advance(3_100);
    expect(list.getSnapshot().reachable).toBe(false);
    await world.clock.advance(3_000);
    expect(list.getSnapshot().reachable).toBe(true);
    close();
  });

  it("C7 UI4 a row pushed while the list was read without it waits for another reading", async () => {
    const { world, client, list, row, rows, update, readings, close } = await open();
    client.api.latencyMs = () => 300;
    void list.refresh();
    await world.clock.advance(400);
    const before = readings();
    update({ ...row, id: OTHER_ID });
    await world.clock.advance(250);
    expect(rows().map(({ id }) => id)).toEqual([row.id]);
    expect(readings()).toBe(before + 1);
    await world.clock.advance(700);
    expect(rows().map(({ id }) => id)).toEqual([row.id]);
    expect(readings()).toBe(before + 1);
    close();
  });
});

it("C2 C7 a list whose server cannot push just now is polled, and is live again with the server's word", async () => {
  const { world, client, list, readings, close } = await open();
  const api = { ...client.ports.api };
  let push: "ok" | "delayed" = "delayed";
  const listConsultations = api.listConsultations;
  Object.assign(client.ports.api, {
    listConsultations: async () => {
      const result = await listConsultations();
      return result.ok ? { ok: true, value: { ...result.value, push } } : result;
    },
  });
  void list.refresh();
  await world.clock.advance(100);
  expect(list.getSnapshot().status).toBe("polling");
  const before = readings();
  await world.clock.advance(10_000);
  expect(readings() - before).toBeGreaterThanOrEqual(3);
  push = "ok";
  await world.clock.advance(4_000);
  expect(list.getSnapshot().status).toBe("live");
  close();
});

describe("what is told beside the rows", () => {
  it("C6 messages and their changes are passed on as they come, also without words; what cannot be read is not", async () => {
    const { world, list, push, close, row } = await open();
    const heard: ListNews[] = [];
    const stop = list.onNews((news) => heard.push(news));
    const messageId = world.nextMessageId();
    const ids = { v: 1, consultationId: row.id, messageId };
    push("message-notification", { ...ids, seq: 2, senderName: "Dr. Weber", preview: "hello" });
    push("message-notification", { ...ids, seq: 2 });
    push("message-notification", { ...ids, v: 2, seq: 2 });
    push("message-notification", "hello");
    push("message-notification-changed", { ...ids, preview: null });
    push("message-notification-changed", ids);
    push("message-notification-changed", { ...ids, messageId: "no id" });
    await world.clock.advance(50);
    expect(heard.map(({ kind }) => kind)).toEqual(["message", "message", "change", "change"]);
    expect(heard[0]).toMatchObject({ notification: { messageId, senderName: "Dr. Weber", preview: "hello" } });
    expect(heard[2]).toMatchObject({ change: { messageId, preview: null } });
    stop();
    push("message-notification", { ...ids, seq: 2 });
    await world.clock.advance(50);
    expect(heard).toHaveLength(4);
    close();
  });
});
