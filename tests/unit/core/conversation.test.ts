import { describe, expect, it } from "vitest";
import { apply, type Conversation, keepNewest, mergePosition, openConversation } from "@/lib/core/conversation";
import { EVENT_TYPES, type Event, eventSchema } from "@/lib/protocol/event";
import { snapshotSchema } from "@/lib/protocol/snapshot";
import { normalForm } from "@/tests/support/sim/normal-form";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { ANNA, CONSULTATION_ID, IBRAHIM, ServerModel, WEBER } from "@/tests/support/sim/server-model";

let ids = 0;
function say(server: ServerModel, content: string, author = ANNA, replyToId: string | null = null): string {
  ids += 1;
  const id = `01900000-0000-7000-8000-${String(ids).padStart(12, "0")}`;
  const command = { id, consultationId: CONSULTATION_ID, content, replyToId, attachmentIds: [] };
  expect(server.send(author, command).ok).toBe(true);
  return id;
}

function eventsAfter(server: ServerModel, state: Conversation): readonly Event[] {
  const page = server.readEvents({ after: state.seq, afterAt: null, epoch: state.epoch, limit: 500 });
  if ("reset" in page) throw new Error("reset");
  return page.events;
}

function fold(state: Conversation, events: readonly Event[]): Conversation {
  return events.reduce((folded, event) => {
    const { state: next, outcome } = apply(folded, { type: "event", event });
    expect(outcome).toBe("applied");
    return deepFreeze(next);
  }, deepFreeze(state));
}

function expectEqualsFetch(server: ServerModel, folded: Conversation): void {
  const fresh = openConversation(server.readSnapshot());
  const from = fresh.messages[0]?.seq ?? 0;
  expect(normalForm(folded, from)).toEqual(normalForm(fresh, from));
  expect([folded.seq, folded.epoch]).toEqual([fresh.seq, fresh.epoch]);
}

/** Proves that nothing of an earlier state is ever written to. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

describe("order", () => {
  it("SEQ1 RCV1 takes exactly the next number", () => {
    const server = new ServerModel();
    const state = openConversation(server.readSnapshot());
    say(server, "one");
    say(server, "two");
    const [first, second] = eventsAfter(server, state);
    if (!first || !second) throw new Error("two events expected");

    const early = apply(state, { type: "event", event: second });
    expect(early).toEqual({ state, outcome: "gap" });
    const applied = apply(state, { type: "event", event: first });
    expect([applied.outcome, applied.state.seq]).toEqual(["applied", 1]);
    const repeated = apply(applied.state, { type: "event", event: first });
    expect(repeated.outcome).toBe("ignored");
    expect(repeated.state).toBe(applied.state);
  });

  it("RCV4 judges the epoch before the number", () => {
    const server = new ServerModel();
    const state = openConversation(server.readSnapshot());
    say(server, "one");
    const [event] = eventsAfter(server, state);
    if (!event) throw new Error("one event expected");
    expect(apply(state, { type: "event", event: { ...event, epoch: "another" } })).toEqual({
      state,
      outcome: "other-history",
    });
  });
});

describe("RCV5 folding onto an old snapshot equals a fresh one", () => {
  const cases: Record<Event["type"], (server: ServerModel, target: string) => void> = {
    "new-message": (server, target) => say(server, "answer", WEBER, target),
    "message-edited": (server, target) => server.edit(ANNA, target, "changed"),
    "message-deleted": (server, target) => server.delete(ANNA, target),
    "reaction-added": (server, target) => server.react(WEBER, target, "👍", "reaction-added"),
    "reaction-removed": (server, target) => {
      server.react(WEBER, target, "👍", "reaction-added");
      server.react(ANNA, target, "👍", "reaction-added");
      server.react(WEBER, target, "👍", "reaction-removed");
    },
    "consultation-status-changed": (server) => server.setStatus(WEBER, "COMPLETED"),
    "user-joined": (server) => server.join(WEBER, IBRAHIM),
    "user-left": (server) => {
      server.join(WEBER, IBRAHIM);
      server.leave(WEBER, IBRAHIM);
    },
  };

  it.each(EVENT_TYPES)("RCV5 %s", (type) => {
    const server = new ServerModel();
    const target = say(server, "the target");
    say(server, "a reply that quotes it", WEBER, target);
    const before = snapshotSchema.parse(server.readSnapshot());
    cases[type](server, target);
    const events = eventsAfter(server, openConversation(before)).map((event) => eventSchema.parse(event));
    expect(events.map((event) => event.type)).toContain(type);
    expectEqualsFetch(server, fold(openConversation(before), events));
  });

  it("RCV5 any hundred changes, folded as pushed at the time and as replayed later", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const random = new SeededRandom(seed);
      const server = new ServerModel();
      const pushed: Event[] = [];
      server.onCommit = (event) => pushed.push(structuredClone(event));
      const target = say(server, "first");
      pushed.length = 0;
      const before = server.readSnapshot();
      const texts = [target];
      for (let i = 0; i < 100; i += 1) {
        const own = texts.filter((id) => server.message(id).deletedAt === null);
        const id = random.pick(own);
        const draw = random.below(10);
        if (draw < 4 || !id) texts.push(say(server, `text ${i}`, ANNA, id ?? null));
        else if (draw < 6) server.edit(ANNA, id, `edit ${i}`);
        else if (draw < 7) server.delete(ANNA, id);
        else
          server.react(WEBER, id, random.pick(["👍", "❤️"]) ?? "👍", draw < 9 ? "reaction-added" : "reaction-removed");
      }
      expectEqualsFetch(server, fold(openConversation(before), pushed));
      expectEqualsFetch(server, fold(openConversation(before), eventsAfter(server, openConversation(before))));
    }
  });
});

describe("RCV1 many at once", () => {
  it("RCV1 RCV5 a page of events is what its events are one by one, and the state before is never written to", () => {
    const server = new ServerModel();
    const target = say(server, "target");
    const before = deepFreeze(openConversation(server.readSnapshot()));
    const reply = say(server, "reply", WEBER, target);
    server.edit(ANNA, target, "edited");
    server.join(WEBER, IBRAHIM);
    server.react(WEBER, reply, "👍", "reaction-added");
    server.delete(ANNA, target);
    server.leave(WEBER, IBRAHIM);
    const events = eventsAfter(server, before);
    const { state, outcome } = apply(before, { type: "events", events });
    expect(outcome).toBe("applied");
    expect(state).toEqual(fold(before, events));
    expectEqualsFetch(server, state);
    expect(apply(deepFreeze(state), { type: "events", events })).toEqual({ state, outcome: "ignored" });
  });

  it("RCV1 of a page with a hole in it the part before the hole is taken", () => {
    const server = new ServerModel();
    say(server, "known");
    const before = openConversation(server.readSnapshot());
    for (let i = 0; i < 4; i += 1) say(server, `${i}`);
    const events = eventsAfter(server, before).filter((_, index) => index !== 2);
    const { state, outcome } = apply(before, { type: "events", events });
    expect([state.seq, outcome]).toEqual([3, "gap"]);
  });

  it("RCV1 F31 a backlog folded in pages is the backlog folded event by event", () => {
    const server = new ServerModel();
    const first = say(server, "first");
    const start = openConversation(server.readSnapshot());
    const [said, reacted] = [say(server, "said"), server.react(WEBER, first, "👍", "reaction-added")];
    const template = eventsAfter(server, start)[0];
    if (template?.type !== "new-message") throw new Error("a message expected");
    const pages = (perPage: number, count: number) =>
      Array.from({ length: count }, (_, page) =>
        Array.from({ length: perPage }, (_, index): Event => {
          const seq = start.seq + 1 + page * perPage + index;
          if (index % 4 === 3) return { ...reacted, seq, data: { ...reacted.data, rev: seq } } as Event;
          const message = {
            ...template.data.message,
            id: said.replace(/.{6}$/, String(seq).padStart(6, "0")),
            seq,
            rev: seq,
          };
          return { ...template, seq, data: { message } };
        }),
      );
    const backlog = pages(100, 5);
    const byPage = backlog.reduce((state, events) => apply(state, { type: "events", events }).state, start);
    const byEvent = backlog.flat().reduce((state, event) => apply(state, { type: "event", event }).state, start);
    expect(byPage.seq).toBe(start.seq + 500);
    expect(byPage).toEqual(byEvent);
  });
});

describe("RCV6 older pages and revisions", () => {
  function conversationWithHistory() {
    const server = new ServerModel();
    const old = say(server, "old words");
    const reply = say(server, "a reply to it", WEBER, old);
    for (let i = 0; i < 60; i += 1) say(server, `${i}`);
    const state = openConversation(server.readSnapshot());
    return { server, state, old, reply, before: state.messages[0]?.seq ?? 0 };
  }

  it("RCV6 a page read before a delete and an edit does not bring the words back", () => {
    const { server, state, old, reply, before } = conversationWithHistory();
    const page = server.readMessages({ before, limit: 50 });
    server.edit(WEBER, reply, "changed reply");
    server.delete(ANNA, old);
    const ahead = fold(state, eventsAfter(server, state));
    const { state: merged, outcome } = apply(ahead, { type: "older-page", before, page });
    expect(outcome).toBe("applied");
    const byId = new Map(merged.messages.map((message) => [message.id, message]));
    expect(byId.get(old)).toMatchObject({ content: null, deletedAt: expect.any(String) });
    expect(byId.get(reply)).toMatchObject({ content: "changed reply", replyTo: { excerpt: null } });
  });

  it("RCV6 a change is remembered across a page that does not hold its message, and forgotten when none can", () => {
    const { server, state, old, before } = conversationWithHistory();
    const newest = server.readMessages({ before, limit: 5 });
    const rest = { ...server.readMessages({ before: newest.messages[0]?.seq ?? 0, limit: 50 }) };
    server.delete(ANNA, old);
    let ahead = fold(state, eventsAfter(server, state));
    expect(ahead.unseenChanges).toHaveLength(1);
    ahead = apply(ahead, { type: "older-page", before, page: newest }).state;
    expect(ahead.unseenChanges).toHaveLength(1);
    const merged = apply(ahead, { type: "older-page", before: newest.messages[0]?.seq ?? 0, page: rest }).state;
    expect(merged.messages.find(({ id }) => id === old)?.content).toBeNull();
    expect(merged.unseenChanges).toEqual([]);
  });

  it("RCV6 a page that already knew a change lets it be forgotten", () => {
    const { server, state, old, before } = conversationWithHistory();
    server.delete(ANNA, old);
    const ahead = fold(state, eventsAfter(server, state));
    const page = server.readMessages({ before, limit: 5 });
    expect(page.hasMore).toBe(true);
    expect(apply(ahead, { type: "older-page", before, page }).state.unseenChanges).toEqual([]);
  });

  it("RCV6 a page for another window or another epoch changes nothing", () => {
    const { server, state, before } = conversationWithHistory();
    const page = server.readMessages({ before, limit: 5 });
    expect(apply(state, { type: "older-page", before: before + 1, page })).toEqual({ state, outcome: "ignored" });
    const foreign = { ...page, epoch: "another" };
    expect(apply(state, { type: "older-page", before, page: foreign })).toEqual({ state, outcome: "other-history" });
  });

  it("RCV6 a body never replaces one with a higher rev, and a reaction below a body's rev is already in it", () => {
    const server = new ServerModel();
    const id = say(server, "text");
    const before = openConversation(server.readSnapshot());
    const added = server.react(WEBER, id, "👍", "reaction-added");
    const edited = structuredClone(server.edit(ANNA, id, "first edit"));
    const removed = server.react(WEBER, id, "👍", "reaction-removed");
    server.edit(ANNA, id, "second edit");
    const newestBody = server.message(id);
    const withNewestBody = { ...before, messages: [newestBody] };
    const folded = fold(withNewestBody, [added, edited, removed]);
    expect(folded.messages[0]).toEqual(newestBody);
  });

  it("RCV6 ATK104 words of a deleted message do not come back into a quote, however late they were pushed", () => {
    const server = new ServerModel();
    const quoted = say(server, "first words");
    const before = openConversation(server.readSnapshot());
    const reply = say(server, "reply", WEBER, quoted);
    const edited = structuredClone(server.edit(ANNA, quoted, "a slip"));
    server.delete(ANNA, quoted);
    const [replied] = eventsAfter(server, before);
    if (!replied) throw new Error("an event expected");
    const known = fold(before, [replied]);
    expect(known.messages.at(-1)).toMatchObject({ id: reply, replyTo: { excerpt: null } });
    expect(fold(known, [edited]).messages.at(-1)?.replyTo?.excerpt).toBeNull();

    const withNewestBody = { ...before, messages: [server.message(quoted)] };
    const quoting = {
      ...server.message(reply),
      replyTo: { ...edited, id: quoted, seq: 1, senderName: "", excerpt: "old" },
    };
    const late = { ...withNewestBody, messages: [...withNewestBody.messages, quoting], seq: 2 };
    expect(fold(late, [edited]).messages.at(-1)?.replyTo?.excerpt).toBeNull();
  });

  it("RCV5 D5 a quote of a message above the window follows it, edited and deleted", () => {
    const { server, state, old } = conversationWithHistory();
    const reply = say(server, "late reply", WEBER, old);
    server.edit(ANNA, old, "new words");
    const edited = fold(state, eventsAfter(server, state));
    expect(edited.messages.find(({ id }) => id === reply)?.replyTo?.excerpt).toBe("new words");
    server.delete(ANNA, old);
    const deleted = fold(edited, eventsAfter(server, edited));
    expect(deleted.messages.find(({ id }) => id === reply)?.replyTo?.excerpt).toBeNull();
    expectEqualsFetch(server, deleted);
  });

  it("RCV6 D5 reactions stand by code point, their people by id, whoever comes first", () => {
    const server = new ServerModel();
    const id = say(server, "text");
    const before = openConversation(server.readSnapshot());
    // By UTF-16 the second would stand before the first.
    const emojis = ["\u{FF5E}", "\u{1F44D}", "\u{2764}\u{FE0F}", "\u{2764}"];
    for (const emoji of emojis) {
      for (const user of [WEBER, IBRAHIM, ANNA]) server.react(user, id, emoji, "reaction-added");
    }
    const folded = fold(before, eventsAfter(server, before)).messages[0]?.reactions;
    expect(folded?.map(({ emoji }) => emoji)).toEqual(["\u{2764}", "\u{2764}\u{FE0F}", "\u{FF5E}", "\u{1F44D}"]);
    for (const { userIds } of folded ?? []) expect(userIds).toEqual([ANNA.id, WEBER.id, IBRAHIM.id]);
    expect(folded).toEqual(server.message(id).reactions);
  });

  it("RCV6 adding a reaction twice is adding it once", () => {
    const server = new ServerModel();
    const id = say(server, "text");
    const before = openConversation(server.readSnapshot());
    const events = [1, 2].map(() => structuredClone(server.react(WEBER, id, "👍", "reaction-added")));
    expect(fold(before, events).messages[0]?.reactions).toEqual([{ emoji: "👍", userIds: [WEBER.id] }]);
  });
});

describe("RCV6 what is remembered of messages not loaded is bounded", () => {
  function farBehind(changes: number) {
    const server = new ServerModel();
    const old = say(server, "old words");
    for (let i = 0; i < 60; i += 1) say(server, `${i}`);
    const state = openConversation(server.readSnapshot());
    const before = state.messages[0]?.seq ?? 0;
    const page = server.readMessages({ before, limit: 50 });
    for (let i = 0; i < changes; i += 1) {
      server.react(WEBER, old, "👍", i % 2 === 0 ? "reaction-added" : "reaction-removed");
    }
    return { server, state, before, page, old };
  }

  function caughtUp(server: ServerModel, state: Conversation): Conversation {
    let folded = state;
    while (folded.seq < server.headSeq)
      folded = apply(folded, { type: "events", events: eventsAfter(server, folded) }).state;
    return folded;
  }

  it("RCV6 it never grows beyond 500, and a page from before what was forgotten is refused, a fresh one taken", () => {
    const { server, state, before, page, old } = farBehind(2_003);
    const ahead = caughtUp(server, state);
    expect(ahead.unseenChanges.length).toBeLessThanOrEqual(500);
    expect(apply(ahead, { type: "older-page", before, page })).toEqual({ state: ahead, outcome: "overtaken" });
    const fresh = server.readMessages({ before, limit: 50 });
    const { state: merged, outcome } = apply(ahead, { type: "older-page", before, page: fresh });
    expect(outcome).toBe("applied");
    expect(merged.messages.find(({ id }) => id === old)).toEqual(server.message(old));
  });

  it("RCV6 up to the bound a page in flight is made good", () => {
    const { server, state, before, page, old } = farBehind(499);
    const { state: merged, outcome } = apply(caughtUp(server, state), { type: "older-page", before, page });
    expect(outcome).toBe("applied");
    expect(merged.messages.find(({ id }) => id === old)?.reactions).toEqual(server.message(old).reactions);
  });

  it("RCV6 W6 what is kept of it for a way back is as a fresh read: older pages join it, and none from before", () => {
    const { server, state, before, page: stale, old } = farBehind(3);
    const ahead = apply(caughtUp(server, state), { type: "older-page", before, page: stale }).state;
    const kept = keepNewest(ahead, 2);
    expect(kept.messages).toEqual(ahead.messages.slice(-2));
    expect(keepNewest(kept, 2)).toBe(kept);
    server.edit(ANNA, old, "while it rested");
    const back = fold(kept, eventsAfter(server, kept));
    const from = back.messages[0]?.seq ?? 0;
    expect(apply(back, { type: "older-page", before: from, page: { ...stale, headSeq: kept.seq - 1 } }).outcome).toBe(
      "overtaken",
    );
    const fresh = server.readMessages({ before: from, limit: 200 });
    const { state: merged } = apply(back, { type: "older-page", before: from, page: fresh });
    expect(merged.messages.find(({ id }) => id === old)).toEqual(server.message(old));
    expect(merged.messages.map(({ seq }) => seq)).toEqual(
      [...new Set(merged.messages.map(({ seq }) => seq))].sort((a, b) => a - b),
    );
  });

  it("RCV6 a page older than the snapshot that opened the window cannot be made good", () => {
    const { server, state, before, page } = farBehind(1);
    const reopened = apply(state, { type: "snapshot", snapshot: server.readSnapshot() }).state;
    expect(reopened.messages[0]?.seq).toBe(before);
    expect(apply(reopened, { type: "older-page", before, page }).outcome).toBe("overtaken");
  });
});

describe("RCV7 positions", () => {
  const start = { userId: ANNA.id, deliveredUpToSeq: 0, deliveredAt: null, readUpToSeq: 0, readAt: null };
  const delivered = { ...start, deliveredUpToSeq: 5, deliveredAt: "2026-01-01T00:00:05.000Z" };
  const read = { ...start, deliveredUpToSeq: 3, readUpToSeq: 3, readAt: "2026-01-01T00:00:03.000Z" };

  it("RCV7 merge by max, whatever the order, each with its own time", () => {
    const merged = { ...delivered, readUpToSeq: 3, readAt: read.readAt };
    expect(mergePosition(delivered, read)).toEqual(merged);
    expect(mergePosition(read, delivered)).toEqual(merged);
    expect(mergePosition(merged, merged)).toBe(merged);
  });

  it("RCV7 a late older position changes nothing, not even the identity of the state", () => {
    const server = new ServerModel();
    const state = openConversation(server.readSnapshot());
    const ahead = apply(state, { type: "positions", positions: [delivered] });
    expect(ahead.outcome).toBe("applied");
    expect(apply(ahead.state, { type: "positions", positions: [start] }).state).toBe(ahead.state);
  });

  it("RCV7 UI1 a snapshot read before a position was heard of does not undo it, but for what the snapshot lacks", () => {
    const server = new ServerModel();
    for (let i = 0; i < 5; i += 1) say(server, `${i}`);
    const snapshot = server.readSnapshot();
    const state = openConversation(snapshot);
    const heard = apply(state, { type: "positions", positions: [delivered] }).state;
    const again = apply(heard, { type: "snapshot", snapshot }).state;
    expect(again.participants.find(({ user }) => user.id === ANNA.id)?.position).toEqual(delivered);
    const shorter = { ...snapshot, headSeq: 4 };
    const back = apply(heard, { type: "snapshot", snapshot: shorter }).state;
    expect(back.positions.get(ANNA.id)?.deliveredUpToSeq).toBe(4);
    const foreign = apply(heard, { type: "snapshot", snapshot: { ...snapshot, epoch: "another" } }).state;
    expect(foreign.positions.get(ANNA.id)?.deliveredUpToSeq).toBe(0);
  });

  it("RCV7 a position that arrives before its owner's joining is not lost", () => {
    const server = new ServerModel();
    const state = openConversation(server.readSnapshot());
    const joined = server.join(WEBER, IBRAHIM);
    const position = { ...delivered, userId: IBRAHIM.id };
    const known = apply(state, { type: "positions", positions: [position] }).state;
    const { participants } = fold(known, [joined]);
    expect(participants.find(({ user }) => user.id === IBRAHIM.id)?.position).toEqual(position);
  });
});

describe("A7 the life of a consultation", () => {
  it("A7 RCV5 an announced end, its withdrawal and the end itself: each line moves its own time only", () => {
    const server = new ServerModel({ status: "SCHEDULED", startedAt: null });
    const before = openConversation(server.readSnapshot());
    const steps = [
      () => server.start(WEBER),
      () => server.announce(WEBER, { afterSeconds: 60, note: null }),
      () => server.join(WEBER, IBRAHIM),
      () => server.withdraw(WEBER),
      () => server.announce(WEBER, { afterSeconds: 60, note: null }),
      () => server.complete(WEBER),
    ];
    let state = before;
    const times = steps.map((step) => {
      step();
      state = fold(state, eventsAfter(server, state));
      expectEqualsFetch(server, state);
      const { startedAt, endedAt, closesAt } = state.consultation;
      return [startedAt, endedAt, closesAt].map((time) => time !== null);
    });
    expect(times).toEqual([
      [true, false, false],
      [true, false, true],
      [true, false, true],
      [true, false, false],
      [true, false, true],
      [true, true, false],
    ]);
  });
});

it("CON2 the push state of an answer is kept", () => {
  const state = openConversation(new ServerModel().readSnapshot());
  const delayed = apply(state, { type: "push-state", push: "delayed" });
  expect(delayed.state.push).toBe("delayed");
  expect(apply(delayed.state, { type: "push-state", push: "delayed" }).state).toBe(delayed.state);
});
