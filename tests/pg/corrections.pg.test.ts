import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { apply, openConversation } from "@/lib/core/conversation";
import { compareEmoji } from "@/lib/protocol/emoji";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { announceCompletion, withdrawCompletion } from "@/lib/server/commands/announce-completion";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { setReaction } from "@/lib/server/commands/set-reaction";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { db } from "@/lib/server/db";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readMessages } from "@/lib/server/queries/read-messages";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { allEvents, expectGapless, refusalOf } from "@/tests/support/commands";
import { useTestRuntime } from "@/tests/support/database";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { createConsultation, createPerson, createWorld, messageOf, type Person } from "@/tests/support/world";

useTestRuntime();

async function send(by: Claim, consultationId: string, content: string, replyToId: string | null = null) {
  const command = { ...messageOf(consultationId, content), replyToId };
  await sendMessage(by, command);
  return command;
}

const react = (by: Claim, messageId: string, emoji: string) => setReaction(by, { messageId, emoji, on: true });
const unreact = (by: Claim, messageId: string, emoji: string) => setReaction(by, { messageId, emoji, on: false });

/** As if the message had been sent so much earlier, by the database's clock. */
async function age(messageId: string, seconds: number): Promise<void> {
  await db().$executeRaw`
    UPDATE messages SET created_at = clock_timestamp() - make_interval(secs => ${seconds}::integer) WHERE id = ${messageId}::uuid`;
}

async function messageIn(by: Claim, consultationId: string, messageId: string) {
  const { messages } = await readSnapshot(by, consultationId);
  return messages.find(({ id }) => id === messageId);
}

/** Everything a person can read of a consultation, as one text. */
async function everythingReadable(by: Claim, consultationId: string): Promise<string> {
  return JSON.stringify([
    await readSnapshot(by, consultationId),
    await allEvents(by, consultationId),
    await readMessages(by, consultationId, { limit: 200 }),
    await listConsultations(by),
  ]);
}

describe("editing", () => {
  it("A6 gives a message other words: in its place, marked, in its quotes and in the list", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { event: sent } = await sendMessage(patient, messageOf(consultationId, "2 tablets"));
    if (sent.type !== "new-message") return expect.unreachable();
    const { message } = sent.data;
    const reply = await send(practitioner, consultationId, "Two?", message.id);
    const { event } = await editMessage(patient, message.id, { content: "3 tablets" });
    expect(event).toMatchObject({ type: "message-edited", seq: 3, actorId: patient.userId, consultationId });
    expect(event?.data).toEqual({ message: { ...message, content: "3 tablets", rev: 3, editedAt: event?.at } });
    expect(await messageIn(practitioner, consultationId, message.id)).toMatchObject({ seq: 1, content: "3 tablets" });
    expect((await messageIn(practitioner, consultationId, reply.id))?.replyTo?.excerpt).toBe("3 tablets");

    await deleteMessage(practitioner, reply.id);
    const [row] = await listConsultations(practitioner);
    expect(row).toMatchObject({ lastMessage: { seq: 1, preview: "3 tablets" }, unreadCount: 1, headSeq: 4 });
  });

  it("A6 earlier words are kept for audit only: no answer has them, neither of an edit nor of a deletion", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const edited = await send(patient, consultationId, "alpha first words");
    await send(practitioner, consultationId, "quoting", edited.id);
    await editMessage(patient, edited.id, { content: "beta second words" });
    await react(practitioner, edited.id, "👍");
    await editMessage(patient, edited.id, { content: "gamma third words" });
    const deleted = await send(patient, consultationId, "delta deleted words");
    await send(practitioner, consultationId, "quoting too", deleted.id);
    await deleteMessage(patient, deleted.id);

    const revisions = await db().messageRevision.findMany({ orderBy: [{ messageId: "asc" }, { rev: "asc" }] });
    expect(revisions.filter(({ messageId }) => messageId === edited.id)).toMatchObject([
      { rev: 1, content: "alpha first words" },
      { rev: 4, content: "beta second words" },
    ]);
    expect(revisions.filter(({ messageId }) => messageId === deleted.id)).toMatchObject([
      { rev: 6, content: "delta deleted words" },
    ]);
    for (const reader of [patient, practitioner]) {
      const readable = await everythingReadable(reader, consultationId);
      expect(readable).toContain("gamma third words");
      expect(readable).not.toMatch(/alpha|beta|delta/);
    }
    await expect(db().messageRevision.deleteMany({})).rejects.toThrow();
    await expect(db().messageRevision.updateMany({ data: { content: "forged" } })).rejects.toThrow();
  });

  it("A6 the window ends by the database's clock, whatever a process believes; reactions have none", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const inTime = await send(patient, consultationId, "in time");
    const late = await send(patient, consultationId, "late");
    await age(inTime.id, 890);
    await age(late.id, 901);
    for (const hours of [-5, 5]) {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + hours * 3_600_000 });
      onTestFinished(() => void vi.useRealTimers());
      expect((await refusalOf(() => editMessage(patient, late.id, { content: "x" }))).code).toBe("edit-window-closed");
      expect((await refusalOf(() => deleteMessage(patient, late.id))).code).toBe("edit-window-closed");
      expect((await editMessage(patient, inTime.id, { content: `${hours}` })).event).not.toBeNull();
      vi.useRealTimers();
    }
    expect((await react(practitioner, late.id, "👍")).event).not.toBeNull();
    expect((await unreact(practitioner, late.id, "👍")).event).not.toBeNull();
    expect((await deleteMessage(patient, inTime.id)).event).not.toBeNull();
  });
});

describe("deleting", () => {
  it("A6 leaves a tombstone: no words, no quote, no reactions, not unread and not the preview", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const first = await send(patient, consultationId, "stays");
    const second = await send(patient, consultationId, "goes", first.id);
    const reply = await send(practitioner, consultationId, "answer", second.id);
    await react(practitioner, second.id, "👍");
    const { event } = await deleteMessage(patient, second.id);
    expect(event).toMatchObject({ type: "message-deleted", seq: 5, actorId: patient.userId });
    expect(event?.data).toEqual({ messageId: second.id, rev: 5, deletedAt: event?.at });

    const tombstone = { rev: 5, content: null, replyTo: null, reactions: [], attachments: [], deletedAt: event?.at };
    expect(await messageIn(practitioner, consultationId, second.id)).toMatchObject({ seq: 2, ...tombstone });
    expect((await messageIn(practitioner, consultationId, reply.id))?.replyTo).toMatchObject({ excerpt: null });
    expect(await db().reaction.count({ where: { messageId: second.id } })).toBe(0);
    const [row] = await listConsultations(practitioner);
    expect(row).toMatchObject({ lastMessage: { id: reply.id }, unreadCount: 1 });
    await deleteMessage(practitioner, reply.id);
    expect((await listConsultations(practitioner))[0]?.lastMessage?.id).toBe(first.id);

    const replayed = (await allEvents(patient, consultationId))[1];
    expect(replayed).toMatchObject({ type: "new-message", data: { message: { id: second.id, ...tombstone } } });
  });

  it("A6 ID1 twenty times at once is one event, and each repeat is answered with it, after the completion too", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id } = await send(patient, consultationId, "x");
    const answers = await Promise.all(Array.from({ length: 20 }, () => deleteMessage(patient, id)));
    expect(new Set(answers.map(({ event }) => JSON.stringify(event))).size).toBe(1);
    await completeConsultation(practitioner, consultationId, { closingNote: null });
    await age(id, 10_000);
    expect(await deleteMessage(patient, id)).toEqual(answers[0]);
    expectGapless(await allEvents(patient, consultationId));
    expect(await db().messageRevision.count({ where: { messageId: id } })).toBe(1);
  });
});

describe("what is refused", () => {
  it("ATK40 another's message and a system line are not mine to change, and nobody reacts to a line", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    const { event } = await startConsultation(practitioner, consultationId);
    if (event?.type !== "consultation-status-changed") return expect.unreachable();
    const { id } = await send(patient, consultationId, "mine");
    for (const messageId of [id, event.data.message.id]) {
      const edit = () => editMessage(practitioner, messageId, { content: "forged" });
      expect(await refusalOf(edit)).toEqual({ code: "not-allowed", details: {} });
      expect((await refusalOf(() => deleteMessage(practitioner, messageId))).code).toBe("not-allowed");
    }
    expect((await refusalOf(() => react(practitioner, event.data.message.id, "👍"))).code).toBe("not-allowed");
    expect((await refusalOf(() => unreact(practitioner, event.data.message.id, "👍"))).code).toBe("not-allowed");
    // Knowing its words is not owning them.
    expect((await refusalOf(() => editMessage(practitioner, id, { content: "mine" }))).code).toBe("not-allowed");
    await deleteMessage(patient, id);
    expect((await refusalOf(() => deleteMessage(practitioner, id))).code).toBe("not-allowed");
  });

  it("ATK26 a message of a consultation that is not mine is nobody's: 404, before anything else is said", async () => {
    const { patient, consultationId } = await createWorld();
    const stranger = await createPerson("PRACTITIONER");
    const { id } = await send(patient, consultationId, "x");
    const { id: gone } = await send(patient, consultationId, "y");
    await deleteMessage(patient, gone);
    for (const messageId of [id, gone, uuidV7()]) {
      for (const command of [
        () => editMessage(stranger, messageId, { content: "x" }),
        () => deleteMessage(stranger, messageId),
        () => react(stranger, messageId, "👍"),
        () => unreact(stranger, messageId, "👍"),
      ]) {
        expect(await refusalOf(command)).toEqual({ code: "not-found", details: {} });
      }
    }
    const ghost = { ...patient, sessionId: randomUUID() };
    for (const messageId of [id, uuidV7()]) {
      expect((await refusalOf(() => editMessage(ghost, messageId, { content: "z" }))).code).toBe("session-ended");
      expect((await refusalOf(() => deleteMessage(ghost, messageId))).code).toBe("session-ended");
      expect((await refusalOf(() => react(ghost, messageId, "👍"))).code).toBe("session-ended");
    }
  });

  it("A6 the state of the consultation is told before that of the message, and that before the window", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id } = await send(patient, consultationId, "x");
    const { id: gone } = await send(patient, consultationId, "y");
    await deleteMessage(patient, gone);
    await age(id, 1_000);
    await age(gone, 1_000);
    expect((await refusalOf(() => editMessage(patient, gone, { content: "z" }))).code).toBe("message-deleted");
    expect((await refusalOf(() => react(practitioner, gone, "👍"))).code).toBe("message-deleted");
    await completeConsultation(practitioner, consultationId, { closingNote: null });
    const over = { code: "consultation-not-in-progress", details: { status: "COMPLETED" } };
    for (const messageId of [id, gone]) {
      expect(await refusalOf(() => editMessage(patient, messageId, { content: "z" }))).toEqual(over);
      expect(await refusalOf(() => react(practitioner, messageId, "👍"))).toEqual(over);
    }
    expect(await refusalOf(() => deleteMessage(patient, id))).toEqual(over);
  });

  it("A6 D5 UI3 what was done before is recognised after the completion, and nothing new is", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id } = await send(patient, consultationId, "first");
    await editMessage(patient, id, { content: "second" });
    await react(practitioner, id, "👍");
    await completeConsultation(practitioner, consultationId, { closingNote: null });
    await age(id, 10_000);
    expect(await editMessage(patient, id, { content: "second" })).toEqual({ event: null });
    expect(await react(practitioner, id, "👍")).toEqual({ event: null });
    expect(await unreact(practitioner, id, "😀")).toEqual({ event: null });
    for (const command of [
      () => editMessage(patient, id, { content: "first" }),
      () => deleteMessage(patient, id),
      () => react(practitioner, id, "😀"),
      () => unreact(practitioner, id, "👍"),
    ]) {
      expect((await refusalOf(command)).code).toBe("consultation-not-in-progress");
    }
    const events = await allEvents(patient, consultationId);
    expect(events.at(-1)?.type).toBe("consultation-status-changed");
    expect(events).toHaveLength(4);
  });
});

describe("reacting", () => {
  it("D5 is a set by person and emoji, in an order that later reactions do not move", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id } = await send(patient, consultationId, "x");
    const emojis = ["🙏", "👍", "❤️", "👩‍⚕️", "1️⃣", "😂"];
    for (const emoji of emojis) {
      const { event } = await react(practitioner, id, emoji);
      expect(event).toMatchObject({ type: "reaction-added", actorId: practitioner.userId });
      expect(event?.data).toEqual({ messageId: id, rev: event?.seq, userId: practitioner.userId, emoji });
      expect(await react(practitioner, id, emoji)).toEqual({ event: null });
    }
    await react(patient, id, "👍");
    const both = [patient.userId, practitioner.userId].sort();
    const message = await messageIn(patient, consultationId, id);
    expect(message?.rev).toBe(8);
    expect(message?.reactions).toEqual(
      [...emojis]
        .sort(compareEmoji)
        .map((emoji) => ({ emoji, userIds: emoji === "👍" ? both : [practitioner.userId] })),
    );
    const { event } = await unreact(practitioner, id, "👍");
    expect(event).toMatchObject({ type: "reaction-removed", data: { messageId: id, rev: 9, emoji: "👍" } });
    expect(await unreact(practitioner, id, "👍")).toEqual({ event: null });
    const left = (await messageIn(patient, consultationId, id))?.reactions.find(({ emoji }) => emoji === "👍");
    expect(left).toEqual({ emoji: "👍", userIds: [patient.userId] });
  });

  it("D5 at most twelve different ones a person and message; one taken back makes room", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id } = await send(patient, consultationId, "x");
    const emojis = ["😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈", "😉", "😊", "😋", "😌"];
    const settled = await Promise.allSettled(emojis.map((emoji) => react(practitioner, id, emoji)));
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(12);
    const refused = emojis[settled.findIndex(({ status }) => status === "rejected")] ?? "";
    expect(await refusalOf(() => react(practitioner, id, refused))).toEqual({
      code: "validation-failed",
      details: { fields: { emoji: "too-many" } },
    });
    expect((await react(patient, id, refused)).event).not.toBeNull();
    await unreact(practitioner, id, emojis.find((emoji) => emoji !== refused) ?? "");
    expect((await react(practitioner, id, refused)).event).not.toBeNull();
  });

  it("D5 SEQ1 a hundred at once, each twice: a hundred events, and all of them there", async () => {
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, index) => createPerson(index === 0 ? "PATIENT" : "INTERPRETER")),
    );
    const [patient] = people;
    if (!patient) return expect.unreachable();
    const consultationId = await createConsultation(people);
    const { id } = await send(patient, consultationId, "x");
    const emojis = ["😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈", "😉"];
    const once = () => people.flatMap((person) => emojis.map((emoji) => react(person, id, emoji)));
    const answers = await Promise.all([...once(), ...once()]);
    expect(answers.filter(({ event }) => event)).toHaveLength(100);
    const events = await allEvents(patient, consultationId);
    expectGapless(events);
    expect(events).toHaveLength(101);
    const userIds = people.map(({ userId }) => userId).sort();
    expect(await messageIn(patient, consultationId, id)).toMatchObject({
      rev: 101,
      reactions: emojis.map((emoji) => ({ emoji, userIds })),
    });
  });
});

describe("races", () => {
  it("A6 F27 UI3 of edits, a deletion and a completion one order wins: nothing follows the deletion or the completion", async () => {
    for (let round = 0; round < 15; round++) {
      const { patient, practitioner, consultationId } = await createWorld();
      const { id } = await send(patient, consultationId, "x");
      const commands = [
        () => editMessage(patient, id, { content: "a" }),
        () => editMessage(patient, id, { content: "b" }),
        () => deleteMessage(patient, id),
        () => react(practitioner, id, "👍"),
        () => unreact(practitioner, id, "👍"),
        () => completeConsultation(practitioner, consultationId, { closingNote: null }),
      ];
      const random = new SeededRandom(round);
      const shuffled = commands.map((command) => ({ command, place: random.next() })).sort((a, b) => a.place - b.place);
      const settled = await Promise.allSettled(shuffled.map(({ command }) => command()));
      const refusals = settled.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
      expect(refusals.filter((code) => code !== "consultation-not-in-progress" && code !== "message-deleted")).toEqual(
        [],
      );

      const events = await allEvents(patient, consultationId);
      expectGapless(events);
      expect(events.at(-1)?.type).toBe("consultation-status-changed");
      const types = events.map(({ type }) => type);
      const deletion = types.indexOf("message-deleted");
      if (deletion >= 0) expect(types.slice(deletion + 1)).toEqual(["consultation-status-changed"]);
      const message = await messageIn(patient, consultationId, id);
      const lastChange = events.findLast(({ type }) => /^message-|^reaction-/.test(type));
      expect(message?.rev).toBe(lastChange?.seq ?? 1);
      const words = types.filter((type) => type === "message-edited" || type === "message-deleted");
      expect(await db().messageRevision.count({ where: { messageId: id } })).toBe(words.length);
    }
  });

  it("A6 D5 A7 E2 SEQ1 RCV5 all commands at once: no gap, and the log as answered at the time folds to what a reader gets", async () => {
    const people = [
      await createPerson("PATIENT", "Anna"),
      await createPerson("PRACTITIONER", "Dr. Weber"),
      await createPerson("PRACTITIONER", "Dr. Okafor"),
    ] as const;
    const [patient, weber] = people;
    const interpreter = await createPerson("INTERPRETER", "Ibrahim");
    const consultationId = await createConsultation(people);
    const own = new Map<Claim, string>();
    for (const person of people) own.set(person, (await send(person, consultationId, "x")).id);
    const before = openConversation(await readSnapshot(weber, consultationId));
    const random = new SeededRandom(4);
    const commands = Array.from({ length: 300 }, (_, index) => commandOf(random.below(9), index));
    const settled: PromiseSettledResult<{ event: Event | null }>[] = [];
    // In waves, so that on a busy machine none waits for its turn longer than the server lets it.
    for (let wave = 0; wave < commands.length; wave += 60) {
      settled.push(...(await Promise.allSettled(commands.slice(wave, wave + 60).map((command) => command()))));
    }
    const codes = settled.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
    expect(codes.filter((code) => !["message-deleted", "not-found"].includes(code))).toEqual([]);

    const replayed = await allEvents(weber, consultationId);
    expectGapless(replayed);
    const answered = settled
      .flatMap((result) => (result.status === "fulfilled" && result.value.event ? [result.value.event] : []))
      .filter(({ seq }, index, all) => all.findIndex((event) => event.seq === seq) === index)
      .sort((a, b) => a.seq - b.seq);
    expect(answered.map(({ seq }) => seq)).toEqual(replayed.slice(3).map(({ seq }) => seq));
    expect(new Set(answered.map(({ type }) => type)).size).toBe(8);

    const fresh = openConversation(await readSnapshot(weber, consultationId));
    const from = fresh.messages[0]?.seq ?? 1;
    for (const events of [answered, replayed]) {
      const { state, outcome } = apply(before, { type: "events", events });
      expect(outcome).toBe("applied");
      expect(state.messages.filter(({ seq }) => seq >= from)).toEqual(fresh.messages);
      expect(state.consultation).toEqual(fresh.consultation);
      expect(state.participants.map(({ user }) => user)).toEqual(fresh.participants.map(({ user }) => user));
    }

    function commandOf(kind: number, index: number): () => Promise<{ event: Event | null }> {
      const author = random.pick(people) ?? patient;
      const mine = own.get(author) ?? "";
      const messageId = random.pick([...own.values()]) ?? mine;
      const reaction = { messageId, emoji: random.chance(0.5) ? "👍" : "😀", on: random.chance(0.6) };
      if (index === 150) return () => deleteMessage(author, mine);
      switch (kind) {
        case 0:
          return () => sendMessage(author, { ...messageOf(consultationId, `${index}`), replyToId: messageId });
        case 1:
        case 2:
          return () => editMessage(author, mine, { content: `edit ${index}` });
        case 3:
        case 4:
          return () => setReaction(author, reaction);
        case 5:
          return () => announceCompletion(weber, consultationId, { afterSeconds: 600, closingNote: null });
        case 6:
          return () => withdrawCompletion(weber, consultationId);
        case 7:
          return () => addParticipant(weber, consultationId, { userId: interpreter.userId });
        default:
          return () => removeParticipant(weber, consultationId, { userId: interpreter.userId });
      }
    }
  });

  it("A6 C4 RCV7 receipts go on beside corrections, and a correction makes nothing unread again", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id } = await send(patient, consultationId, "x");
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await editMessage(patient, id, { content: "y" });
    await react(practitioner, id, "👍");
    const unread = async (person: Person) => (await listConsultations(person))[0]?.unreadCount;
    expect([await unread(patient), await unread(practitioner)]).toEqual([0, 0]);
    await deleteMessage(patient, id);
    expect([await unread(patient), await unread(practitioner)]).toEqual([0, 0]);
  });
});
