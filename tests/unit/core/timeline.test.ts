import { describe, expect, it } from "vitest";
import { apply, openConversation } from "@/lib/core/conversation";
import { createTimelineSelector, type PendingChange, type PendingSend } from "@/lib/core/timeline";
import { ANNA, IBRAHIM, WEBER } from "@/tests/support/sim/server-model";
import { World } from "@/tests/support/sim/world";

function pending(id: string, serial: number, content = id): PendingSend {
  return { id, content, replyToId: null, serial, state: "queued", reason: null };
}

const waiting = { state: "queued", reason: null } as const;
const NO_CHANGES: readonly PendingChange[] = [];

describe("timeline", () => {
  it("SEQ2 confirmed by seq, then unsent in the order they were queued", () => {
    const world = new World();
    const first = world.say(WEBER, "one");
    const second = world.say(ANNA, "two");
    const select = createTimelineSelector(ANNA.id);
    const items = select(openConversation(world.server.readSnapshot()), [pending("x", 1), pending("y", 2)], NO_CHANGES);
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
    const before = select(empty, [pending(id, 1, "hello")], NO_CHANGES);
    expect(before.map(({ key }) => key)).toEqual([id]);
    world.server.send(ANNA, {
      id,
      consultationId: empty.consultation.id,
      content: "hello",
      replyToId: null,
      attachmentIds: [],
    });
    const after = select(openConversation(world.server.readSnapshot()), [pending(id, 1, "hello")], NO_CHANGES);
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({ key: id, pending: null, delivery: "sent", message: { seq: 1 } });
  });

  it("UI1 delivered and read follow the others' positions, never one's own", () => {
    const world = new World();
    world.say(ANNA, "hello");
    const select = createTimelineSelector(ANNA.id);
    const delivery = () => select(openConversation(world.server.readSnapshot()), [], NO_CHANGES)[0]?.delivery;
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
    const before = select(state, none, NO_CHANGES);
    expect(select(state, none, NO_CHANGES)).toBe(before);
    const { state: delayed } = apply(state, { type: "push-state", push: "delayed" });
    expect(select(delayed, none, NO_CHANGES)).toBe(before);
    world.say(WEBER, "new");
    const [event] = (() => {
      const page = world.server.readEvents({ after: state.seq, afterAt: null, epoch: state.epoch, limit: 1 });
      return "reset" in page ? [] : page.events;
    })();
    if (!event) throw new Error("an event expected");
    const after = select(apply(delayed, { type: "event", event }).state, none, NO_CHANGES);
    expect(after).toHaveLength(11);
    expect(after.slice(0, 10).every((item, index) => item === before[index])).toBe(true);
  });

  it("SEQ2 A6 D5 a change touches its own item only, and the same change makes the same item", () => {
    const world = new World();
    const ids = Array.from({ length: 5 }, (_, index) => world.say(ANNA, `${index}`));
    const [, second = "", third = ""] = ids;
    const select = createTimelineSelector(ANNA.id);
    const state = openConversation(world.server.readSnapshot());
    const before = select(state, [], NO_CHANGES);
    const edit: PendingChange = { ...waiting, kind: "edit", id: "e", messageId: second, content: "new", serial: 1 };
    const react: PendingChange = {
      ...waiting,
      kind: "react",
      id: "r",
      messageId: third,
      emoji: "👍",
      on: true,
      serial: 2,
    };
    const laid = select(state, [], [edit, react]);
    expect(laid.map((item, index) => item === before[index])).toEqual([true, false, false, true, true]);
    expect(laid[1]).toMatchObject({
      message: before[1]?.message,
      change: { kind: "edit", commandId: "e", content: "new" },
    });
    expect(laid[2]?.message?.reactions).toEqual([{ emoji: "👍", userIds: [ANNA.id] }]);
    const { state: delayed } = apply(state, { type: "push-state", push: "delayed" });
    expect(select(delayed, [pending("x", 3)], [edit, react]).slice(0, 5)).toEqual(laid);
    expect(
      select(delayed, [pending("x", 3)], [edit, react]).every((item, index) => index > 4 || item === laid[index]),
    ).toBe(true);
    expect(select(state, [], NO_CHANGES).every((item, index) => item === before[index])).toBe(true);
  });

  it("A6 of several corrections of one message that is shown which is still going to happen, else the last", () => {
    const world = new World();
    const messageId = world.say(ANNA, "words");
    const state = openConversation(world.server.readSnapshot());
    const parked = { state: "parked", reason: "edit-window-closed" } as const;
    const edit: PendingChange = { ...parked, kind: "edit", id: "e", messageId, content: "new", serial: 1 };
    const deletion: PendingChange = { ...waiting, kind: "delete", id: "d", messageId, serial: 2 };
    const change = (...changes: PendingChange[]) => createTimelineSelector(ANNA.id)(state, [], changes)[0]?.change;
    expect(change(edit, deletion)).toMatchObject({ kind: "delete", state: "queued" });
    expect(change(edit, { ...deletion, ...parked })).toMatchObject({ kind: "delete", state: "parked" });
    expect(change(edit)).toMatchObject({ kind: "edit", state: "parked", content: "new" });
  });

  it("C4 the time of a tick is that of the step that brought it there, and is not moved by later ones", () => {
    const world = new World();
    const select = createTimelineSelector(ANNA.id);
    const times = () =>
      select(openConversation(world.server.readSnapshot()), [], NO_CHANGES).map((item) => [
        item.delivery,
        item.deliveryAt,
      ]);
    const at = (step: "deliveredAt" | "readAt") => world.server.positions.get(WEBER.id)?.[step];
    world.say(ANNA, "one");
    expect(times()).toEqual([["sent", world.server.readSnapshot().messages[0]?.createdAt]]);
    world.server.receipt(WEBER, { deliveredUpToSeq: 1 });
    const deliveredAt = at("deliveredAt");
    expect(times()).toEqual([["delivered", deliveredAt]]);
    world.say(ANNA, "two");
    world.server.receipt(WEBER, { readUpToSeq: 1 });
    const readOne = at("readAt");
    expect(times()[0]).toEqual(["read", readOne]);
    world.say(ANNA, "three");
    world.server.receipt(WEBER, { readUpToSeq: 3 });
    const readAll = at("readAt");
    expect(readAll).not.toBe(readOne);
    expect(times()).toEqual([
      ["read", readOne],
      ["read", readAll],
      ["read", readAll],
    ]);
    // Who opens the conversation later knows of the last step only.
    const later = createTimelineSelector(ANNA.id)(openConversation(world.server.readSnapshot()), [], NO_CHANGES);
    expect(later.map(({ deliveryAt }) => deliveryAt)).toEqual([null, null, readAll]);
  });

  it("UI1 what somebody has read stays read when they leave", () => {
    const world = new World();
    world.server.join(WEBER, IBRAHIM);
    world.say(ANNA, "hello");
    const state = openConversation(world.server.readSnapshot());
    world.server.receipt(IBRAHIM, { readUpToSeq: 2 });
    const position = world.server.positions.get(IBRAHIM.id);
    if (!position) throw new Error("a position expected");
    const read = apply(state, { type: "positions", positions: [position] }).state;
    const left = apply(read, { type: "event", event: world.server.leave(WEBER, IBRAHIM) }).state;
    const select = createTimelineSelector(ANNA.id);
    for (const conversation of [read, left]) {
      expect(select(conversation, [], NO_CHANGES).find(({ own }) => own)?.delivery).toBe("read");
    }
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
    select(state, none, NO_CHANGES);
    const times: number[] = [];
    for (let seq = 10_001; seq <= 10_100; seq += 1) {
      const message = { ...template, id: `0190bbbb-0000-7000-8000-${String(seq).padStart(12, "0")}`, seq, rev: seq };
      const head = { v: 1 as const, consultationId: state.consultation.id, epoch: state.epoch, seq, actorId: WEBER.id };
      const began = performance.now();
      const event = { ...head, at: template.createdAt, type: "new-message" as const, data: { message } };
      state = apply(state, { type: "event", event }).state;
      select(state, none, NO_CHANGES);
      times.push(performance.now() - began);
    }
    const median = times.sort((a, b) => a - b)[50] ?? Number.POSITIVE_INFINITY;
    expect(median).toBeLessThan(16);
  });
});
