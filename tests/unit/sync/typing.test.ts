import { describe, expect, it } from "vitest";
import { presenceChannel } from "@/lib/protocol/channels";
import { Typing } from "@/lib/sync/typing";
import { ANNA, CONSULTATION_ID, IBRAHIM, WEBER } from "@/tests/support/sim/server-model";
import { World } from "@/tests/support/sim/world";

const ROOM = presenceChannel(CONSULTATION_ID);
const START = "client-typing-start";
const STOP = "client-typing-stop";

async function open() {
  const world = new World();
  const { ports, transport } = world.client(ANNA);
  transport.connect();
  const typing = new Typing(ports, { consultationId: CONSULTATION_ID, viewerId: ANNA.id });
  let shown = 0;
  typing.subscribe(() => {
    shown += 1;
  });
  typing.start();
  await world.clock.advance(100);
  return {
    clock: world.clock,
    transport,
    typing,
    notifications: () => shown,
    who: () => typing.getSnapshot().userIds,
    sent: () => transport.triggered.map(({ event, at }) => ({ event, at })),
    hear: (event: string, senderId: string | null, data: unknown = {}) =>
      transport.deliver(ROOM, event, data, 0, senderId),
  };
}

describe("what I tell", () => {
  it("C3 while keys go on the others are told at most once a second, and often enough not to forget me", async () => {
    const { typing, clock, sent, transport } = await open();
    for (let key = 0; key < 400; key += 1) {
      typing.typed();
      await clock.advance(50);
    }
    const starts = sent();
    expect(starts.every(({ event }) => event === START)).toBe(true);
    const pauses = starts.slice(1).map(({ at }, index) => at - (starts[index]?.at ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3_000);
    expect(transport.triggered.every(({ channel, data }) => channel === ROOM && JSON.stringify(data) === "{}")).toBe(
      true,
    );
  });

  it("C3 three seconds of silence are told, once", async () => {
    const { typing, clock, sent } = await open();
    typing.typed();
    await clock.advance(2_900);
    expect(sent().map(({ event }) => event)).toEqual([START]);
    await clock.advance(200);
    expect(sent().map(({ event }) => event)).toEqual([START, STOP]);
    typing.rested();
    await clock.advance(10_000);
    expect(sent()).toHaveLength(2);
  });

  it("C3 sending and leaving the field are told at once; who never typed has nothing to tell", async () => {
    const { typing, sent } = await open();
    typing.rested();
    expect(sent()).toEqual([]);
    typing.typed();
    typing.rested();
    expect(sent().map(({ event }) => event)).toEqual([START, STOP]);
  });

  it("C3 who goes on right after sending is announced when the second is over, unless they stopped", async () => {
    const { typing, clock, sent } = await open();
    typing.typed();
    await clock.advance(200);
    typing.rested();
    typing.typed();
    expect(sent().map(({ event }) => event)).toEqual([START, STOP]);
    await clock.advance(900);
    const [first, , third] = sent();
    expect(third?.event).toBe(START);
    expect((third?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
    typing.rested();
    typing.typed();
    typing.rested();
    await clock.advance(5_000);
    expect(sent().map(({ event }) => event)).toEqual([START, STOP, START, STOP]);
  });

  it("C3 without a connection nothing is told; with it what still holds is", async () => {
    const { typing, clock, sent, transport } = await open();
    transport.disconnect();
    typing.typed();
    await clock.advance(100);
    expect(sent()).toEqual([]);
    transport.connect();
    await clock.advance(500);
    expect(sent().map(({ event }) => event)).toEqual([START]);
  });

  it("C3 leaving the conversation is told, and leaves neither timer nor channel behind", async () => {
    const { typing, clock, sent, transport, hear, who } = await open();
    const before = clock.pending;
    hear(START, WEBER.id);
    typing.typed();
    await clock.advance(10);
    expect(clock.pending).toBeGreaterThan(before);
    typing.stop();
    expect(sent().map(({ event }) => event)).toEqual([START, STOP]);
    expect(who()).toEqual([]);
    expect(transport.channels.size).toBe(0);
    expect(clock.pending).toBeLessThanOrEqual(before);
    typing.typed();
    expect(sent()).toHaveLength(2);
  });
});

describe("what I see", () => {
  it("C3 several typists stand in the order in which they began, and each goes by itself", async () => {
    const { clock, hear, who } = await open();
    hear(START, WEBER.id);
    await clock.advance(400);
    hear(START, IBRAHIM.id);
    await clock.advance(400);
    hear(START, WEBER.id);
    await clock.advance(400);
    expect(who()).toEqual([WEBER.id, IBRAHIM.id]);
    hear(STOP, WEBER.id);
    await clock.advance(400);
    expect(who()).toEqual([IBRAHIM.id]);
  });

  it("C3 a typist whose stop is lost expires six seconds after the last start", async () => {
    const { clock, hear, who } = await open();
    hear(START, WEBER.id);
    await clock.advance(4_000);
    hear(START, WEBER.id);
    await clock.advance(5_900);
    expect(who()).toEqual([WEBER.id]);
    await clock.advance(200);
    expect(who()).toEqual([]);
  });

  it("C3 a typist whose last tab is gone, or of whom nobody can tell any more, is not shown", async () => {
    const { clock, hear, who, transport } = await open();
    hear(START, WEBER.id);
    await clock.advance(300);
    hear("pusher:member_removed", null, { id: WEBER.id });
    await clock.advance(300);
    expect(who()).toEqual([]);
    hear(START, WEBER.id);
    await clock.advance(300);
    transport.disconnect();
    await clock.advance(300);
    expect(who()).toEqual([]);
  });

  it("ATK13 only the server says who types, and only typing is heard", async () => {
    const { clock, hear, who } = await open();
    hear(START, null, { userId: IBRAHIM.id });
    hear("client-new-message", IBRAHIM.id, { message: "forged" });
    hear("client-message-read", IBRAHIM.id);
    await clock.advance(300);
    expect(who()).toEqual([]);
    hear(START, WEBER.id, { userId: IBRAHIM.id, user_id: IBRAHIM.id, name: "Ibrahim" });
    await clock.advance(300);
    expect(who()).toEqual([WEBER.id]);
    hear(START, ANNA.id);
    await clock.advance(300);
    expect(who()).toEqual([WEBER.id]);
  });

  it("ATK14 a thousand a second move the screen a few times, and forged senders do not pile up", async () => {
    const { clock, hear, who, notifications } = await open();
    for (let at = 0; at < 2_000; at += 1) {
      hear(at % 2 ? STOP : START, WEBER.id);
      hear(START, `${String(at).padStart(8, "0")}-0000-4000-8000-000000000000`);
      await clock.advance(1);
    }
    expect(notifications()).toBeLessThanOrEqual(10);
    expect(who().length).toBeLessThanOrEqual(20);
    await clock.advance(7_000);
    expect(who()).toEqual([]);
  });

  it("ATK15 what is no typing event at all is dropped", async () => {
    const { clock, hear, who } = await open();
    const polluted: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    const payloads = [null, true, 7, "<img src=x onerror=alert(1)>", [], [{}], { text: "x".repeat(10_000) }, polluted];
    for (const data of payloads) hear(START, WEBER.id, data);
    await clock.advance(300);
    expect(who()).toEqual([]);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    hear(START, WEBER.id);
    await clock.advance(300);
    for (const data of payloads) hear(STOP, WEBER.id, data);
    await clock.advance(300);
    expect(who()).toEqual([WEBER.id]);
  });
});
