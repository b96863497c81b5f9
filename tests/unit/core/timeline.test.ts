import { describe, expect, it } from "vitest";
import { apply, openConversation } from "@/lib/core/conversation";
import { createTimelineSelector, type PendingSend } from "@/lib/core/timeline";
import { ANNA, WEBER } from "@/tests/support/sim/server-model";
import { World } from "@/tests/support/sim/world";

function pending(id: string, serial: number, content = id): PendingSend {
  return { id, content, serial, state: "queued", reason: null };
}

describe("timeline", () => {
  it("SEQ2 confirmed by seq, then unsent in the order they were queued", () => {
    const world = new World();
    const first = world.say(WEBER, "one");
    const second = world.say(ANNA, "two");
    const select = createTimelineSelector(ANNA.id);
    const items = select(openConversation(world.server.readSnapshot()), [pending("x", 1), pending("y", 2)]);
    expect(items.map(({ key }) => key)).toEqual([first, second, "x", "y"]);
    expect(items.map(({ own, delivery }) => [own, delivery])).toEqual([
      [false, null],
      [true, "sent"],
      [true, "queued"],
      [true, "queued"],
    ]);
  });

  it("B4 ID1 a queued message that the log has too is one item under the same key", () => {
    const world = new World();
    const select = createTimelineSelector(ANNA.id);
    const empty = openConversation(world.server.readSnapshot());
    const id = world.nextMessageId();
    const before = select(empty, [pending(id, 1, "hello")]);
    expect(before.map(({ key }) => key)).toEqual([id]);
    world.server.send(ANNA, {
      id,
      consultationId: empty.consultation.id,
      content: "hello",
      replyToId: null,
      attachmentIds: [],
    });
    const after = select(openConversation(world.server.readSnapshot()), [pending(id, 1, "hello")]);
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({ key: id, pending: null, delivery: "sent", message: { seq: 1 } });
  });

  it("UI1 delivered and read follow the others' positions, never one's own", () => {
    const world = new World();
    world.say(ANNA, "hello");
    const select = createTimelineSelector(ANNA.id);
    const delivery = () => select(openConversation(world.server.readSnapshot()), [])[0]?.delivery;
    world.server.receipt(ANNA, { readUpToSeq: 1 });
    expect(delivery()).toBe("sent");
    world.server.receipt(WEBER, { deliveredUpToSeq: 1 });
    expect(delivery()).toBe("delivered");
    world.server.receipt(WEBER, { readUpToSeq: 1 });
    expect(delivery()).toBe("read");
  });

  it("SEQ2 an item keeps its identity until something shown of it changes", () => {
    const world = new World();
    for (let i = 0; i < 10; i += 1) world.say(i % 2 ? ANNA : WEBER, `${i}`);
    const select = createTimelineSelector(ANNA.id);
    const state = openConversation(world.server.readSnapshot());
    const none: PendingSend[] = [];
    const before = select(state, none);
    expect(select(state, none)).toBe(before);
    const { state: delayed } = apply(state, { type: "push-state", push: "delayed" });
    expect(select(delayed, none)).toBe(before);
    world.say(WEBER, "new");
    const [event] = (() => {
      const page = world.server.readEvents({ after: state.seq, afterAt: null, epoch: state.epoch, limit: 1 });
      return "reset" in page ? [] : page.events;
    })();
    if (!event) throw new Error("an event expected");
    const after = select(apply(delayed, { type: "event", event }).state, none);
    expect(after).toHaveLength(11);
    expect(after.slice(0, 10).every((item, index) => item === before[index])).toBe(true);
  });

  it("D1 one more among 10,000 messages is folded in and selected well within a frame", () => {
    const world = new World();
    world.say(WEBER, "one");
    const [template] = world.server.readSnapshot().messages;
    if (!template) throw new Error("a message expected");
    const messages = Array.from({ length: 10_000 }, (_, index) => {
      return {
        ...template,
        id: `0190aaaa-0000-7000-8000-${String(index).padStart(12, "0")}`,
        seq: index + 1,
        rev: index + 1,
      };
    });
    let state = openConversation({ ...world.server.readSnapshot(), messages, headSeq: 10_000 });
    const select = createTimelineSelector(ANNA.id);
    const none: PendingSend[] = [];
    select(state, none);
    const times: number[] = [];
    for (let seq = 10_001; seq <= 10_100; seq += 1) {
      const message = { ...template, id: `0190bbbb-0000-7000-8000-${String(seq).padStart(12, "0")}`, seq, rev: seq };
      const head = { v: 1 as const, consultationId: state.consultation.id, epoch: state.epoch, seq, actorId: WEBER.id };
      const began = performance.now();
      const event = { ...head, at: template.createdAt, type: "new-message" as const, data: { message } };
      state = apply(state, { type: "event", event }).state;
      select(state, none);
      times.push(performance.now() - began);
    }
    const median = times.sort((a, b) => a - b)[50] ?? Number.POSITIVE_INFINITY;
    expect(median).toBeLessThan(16);
  });
});
