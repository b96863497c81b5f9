import { randomUUID } from "node:crypto";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Claim } from "@/lib/server/claim";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { announceCompletion, withdrawCompletion } from "@/lib/server/commands/announce-completion";
import { cancelConsultation } from "@/lib/server/commands/cancel-consultation";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { completeDueConsultations } from "@/lib/server/commands/complete-due";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { setReaction } from "@/lib/server/commands/set-reaction";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { db } from "@/lib/server/db";
import { listColleagues } from "@/lib/server/queries/list-colleagues";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readEvents } from "@/lib/server/queries/read-events";
import { readMessages } from "@/lib/server/queries/read-messages";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { allEvents, expectGapless, refusalOf } from "@/tests/support/commands";
import { useTestRuntime } from "@/tests/support/database";
import { createConsultation, createPerson, createWorld, messageOf, type Person } from "@/tests/support/world";

const database = useTestRuntime();

const userOf = ({ userId, name }: Person) => expect.objectContaining({ id: userId, name });
const announce = (by: Claim, consultationId: string, closingNote: string | null = null) =>
  announceCompletion(by, consultationId, { afterSeconds: 60, closingNote });
const complete = (by: Claim, consultationId: string, closingNote: string | null = null) =>
  completeConsultation(by, consultationId, { closingNote });
const consultationOf = async (by: Claim, consultationId: string) =>
  (await readSnapshot(by, consultationId)).consultation;

/** As if the announced minute were over, by the database's clock. */
async function makeDue(consultationId: string): Promise<void> {
  await db().$executeRaw`
    UPDATE consultations SET closes_at = clock_timestamp() - interval '1 millisecond' WHERE id = ${consultationId}::uuid`;
}

describe("cancelling", () => {
  it("A7 a scheduled consultation is called off, once; nothing is possible in it afterwards", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    const { event } = await cancelConsultation(practitioner, consultationId);
    expect(event).toMatchObject({
      type: "consultation-status-changed",
      seq: 1,
      actorId: practitioner.userId,
      data: { status: "CANCELLED", message: { system: { type: "consultation-cancelled" } } },
    });
    expect(await consultationOf(patient, consultationId)).toMatchObject({
      status: "CANCELLED",
      startedAt: null,
      endedAt: event?.at,
    });
    expect(await cancelConsultation(practitioner, consultationId)).toEqual({ event: null });
    const colleague = await createPerson("INTERPRETER");
    for (const [command, code] of [
      [() => startConsultation(practitioner, consultationId), "consultation-state"],
      [() => addParticipant(practitioner, consultationId, colleague), "consultation-state"],
      [() => removeParticipant(practitioner, consultationId, patient), "consultation-state"],
      [() => complete(practitioner, consultationId), "consultation-not-in-progress"],
      [() => announce(practitioner, consultationId), "consultation-not-in-progress"],
      [() => sendMessage(patient, messageOf(consultationId, "x")), "consultation-not-in-progress"],
    ] as const) {
      expect(await refusalOf(command)).toEqual({ code, details: { status: "CANCELLED" } });
    }
  });

  it("A7 ATK39 not by a patient, not once it has begun", async () => {
    const scheduled = await createWorld("SCHEDULED");
    expect((await refusalOf(() => cancelConsultation(scheduled.patient, scheduled.consultationId))).code).toBe(
      "not-allowed",
    );
    for (const status of ["IN_PROGRESS", "COMPLETED"] as const) {
      const { practitioner, consultationId } = await createWorld(status);
      expect(await refusalOf(() => cancelConsultation(practitioner, consultationId))).toEqual({
        code: "consultation-state",
        details: { status },
      });
    }
  });
});

describe("an end that is announced", () => {
  it("A7 says when, lets everything go on, can be taken back, and can be skipped with the note that was announced", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { event } = await announce(practitioner, consultationId, "Rest well.");
    if (event?.type !== "consultation-status-changed") return expect.unreachable();
    const closesAt = new Date(new Date(event.at).getTime() + 60_000).toISOString();
    expect(event.data.status).toBe("IN_PROGRESS");
    expect(event.data.message.system).toEqual({
      type: "consultation-closing",
      actor: userOf(practitioner),
      closesAt,
    });
    expect(await consultationOf(patient, consultationId)).toMatchObject({
      status: "IN_PROGRESS",
      closesAt,
      endedAt: null,
    });
    expect(JSON.stringify(await readSnapshot(patient, consultationId))).not.toContain("Rest well.");
    expect(await announce(practitioner, consultationId, "Another.")).toEqual({ event: null });
    expect((await sendMessage(patient, messageOf(consultationId, "One more thing"))).repeated).toBe(false);

    const withdrawn = await withdrawCompletion(practitioner, consultationId);
    expect(withdrawn.event).toMatchObject({
      type: "consultation-status-changed",
      data: { status: "IN_PROGRESS", message: { system: { type: "consultation-continued" } } },
    });
    expect(await withdrawCompletion(practitioner, consultationId)).toEqual({ event: null });
    expect(await consultationOf(patient, consultationId)).toMatchObject({ status: "IN_PROGRESS", closesAt: null });

    await announce(practitioner, consultationId, "Drink water.");
    const { event: completed } = await complete(practitioner, consultationId);
    expect(completed).toMatchObject({
      data: {
        status: "COMPLETED",
        message: { system: { type: "consultation-completed", closingNote: "Drink water." } },
      },
    });
    expect(await consultationOf(patient, consultationId)).toMatchObject({
      status: "COMPLETED",
      closesAt: null,
      endedAt: completed?.at,
    });
    expect(await announce(practitioner, consultationId)).toEqual({ event: null });
    expect(await withdrawCompletion(practitioner, consultationId)).toEqual({ event: null });
  });

  it("A7 a note given at the end counts before the one announced; a withdrawn one is forgotten", async () => {
    const { practitioner, consultationId } = await createWorld();
    await announce(practitioner, consultationId, "first note");
    const { event } = await complete(practitioner, consultationId, "second note");
    expect(event).toMatchObject({ data: { message: { system: { closingNote: "second note" } } } });

    const other = await createWorld();
    await announce(other.practitioner, other.consultationId, "first note");
    await withdrawCompletion(other.practitioner, other.consultationId);
    const ended = await complete(other.practitioner, other.consultationId);
    expect(ended.event).toMatchObject({ data: { message: { system: { closingNote: null } } } });
  });

  it("A7 ATK39 a patient neither announces nor takes back", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    expect((await refusalOf(() => announce(patient, consultationId))).code).toBe("not-allowed");
    await announce(practitioner, consultationId);
    expect((await refusalOf(() => withdrawCompletion(patient, consultationId))).code).toBe("not-allowed");
    const scheduled = await createWorld("SCHEDULED");
    expect(await refusalOf(() => announce(scheduled.practitioner, scheduled.consultationId))).toEqual({
      code: "consultation-not-in-progress",
      details: { status: "SCHEDULED" },
    });
    expect(await withdrawCompletion(scheduled.practitioner, scheduled.consultationId)).toEqual({ event: null });
  });

  it("A7 completes by itself once it is due, in the name and with the note of whoever announced it, and only once", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const running = await createWorld();
    await announce(running.practitioner, running.consultationId);
    await announce(practitioner, consultationId, "Rest well.");
    await completeDueConsultations();
    expect(await consultationOf(patient, consultationId)).toMatchObject({ status: "IN_PROGRESS" });

    await makeDue(consultationId);
    // Whoever announced it need not be there any more.
    await db().session.update({ where: { id: practitioner.sessionId }, data: { endedAt: new Date() } });
    await Promise.all(Array.from({ length: 10 }, () => completeDueConsultations()));
    const events = await allEvents(patient, consultationId);
    expectGapless(events);
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({
      type: "consultation-status-changed",
      actorId: practitioner.userId,
      data: {
        status: "COMPLETED",
        message: {
          system: { type: "consultation-completed", actor: userOf(practitioner), closingNote: "Rest well." },
        },
      },
    });
    expect(await consultationOf(patient, consultationId)).toMatchObject({
      status: "COMPLETED",
      closesAt: null,
      endedAt: events[1]?.at,
    });
    expect((await consultationOf(running.patient, running.consultationId)).status).toBe("IN_PROGRESS");
  });

  it("A7 F17 one whose turn is held by somebody holds up no other, and is completed when it is free", async () => {
    const [held, free] = [await createWorld(), await createWorld()];
    for (const { practitioner, consultationId } of [held, free]) {
      await announce(practitioner, consultationId);
      await makeDue(consultationId);
    }
    const holder = new pg.Client({ connectionString: database().appUrl });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query("BEGIN");
    await holder.query("SELECT FROM consultation_heads WHERE consultation_id = $1 FOR UPDATE", [held.consultationId]);
    await completeDueConsultations();
    expect((await consultationOf(free.patient, free.consultationId)).status).toBe("COMPLETED");
    expect((await consultationOf(held.patient, held.consultationId)).status).toBe("IN_PROGRESS");
    await holder.query("COMMIT");
    await completeDueConsultations();
    expect((await consultationOf(held.patient, held.consultationId)).status).toBe("COMPLETED");
  });

  it("A7 F27 many due at once while their practitioners end them too: each is completed once", async () => {
    const worlds = await Promise.all(Array.from({ length: 40 }, () => createWorld()));
    await Promise.all(worlds.map(({ practitioner, consultationId }) => announce(practitioner, consultationId)));
    const ids = worlds.map(({ consultationId }) => consultationId);
    await db().consultation.updateMany({ where: { id: { in: ids } }, data: { closesAt: new Date(0) } });
    await Promise.all([
      ...worlds.map(({ practitioner, consultationId }) => complete(practitioner, consultationId)),
      ...Array.from({ length: 6 }, () => completeDueConsultations()),
    ]);
    await completeDueConsultations();
    const logs = await Promise.all(worlds.map(({ patient, consultationId }) => allEvents(patient, consultationId)));
    for (const events of logs) {
      expect(events.map(({ data }) => "status" in data && data.status)).toEqual(["IN_PROGRESS", "COMPLETED"]);
    }
  });

  it("A7 F27 UI3 due, skipped, taken back and written in at once: one order, and nothing after the completion", async () => {
    for (let round = 0; round < 10; round++) {
      const { patient, practitioner, consultationId } = await createWorld();
      await announce(practitioner, consultationId);
      await makeDue(consultationId);
      const settled = await Promise.allSettled([
        completeDueConsultations(),
        withdrawCompletion(practitioner, consultationId),
        complete(practitioner, consultationId),
        completeDueConsultations(),
        ...Array.from({ length: 5 }, () => sendMessage(patient, messageOf(consultationId, "x"))),
      ]);
      const codes = settled.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
      expect(codes.filter((code) => code !== "consultation-not-in-progress")).toEqual([]);
      const events = await allEvents(patient, consultationId);
      expectGapless(events);
      expect(events.filter(({ data }) => "status" in data && data.status === "COMPLETED")).toHaveLength(1);
      expect(events.at(-1)).toMatchObject({ data: { status: "COMPLETED" } });
    }
  });
});

describe("colleagues", () => {
  it("E2 a practitioner sees all practitioners and interpreters that can sign in, but not themself, and no patient", async () => {
    const asking = await createPerson("PRACTITIONER", "Dr. Asking");
    const other = await createPerson("PRACTITIONER", "Dr. Other");
    const interpreter = await createPerson("INTERPRETER", "Ibrahim");
    const patient = await createPerson("PATIENT", "Patient");
    const disabled = await createPerson("INTERPRETER", "Gone");
    await db().user.update({ where: { id: disabled.userId }, data: { disabledAt: new Date() } });
    const users = await listColleagues(asking);
    const ids = users.map(({ id }) => id);
    expect(ids).toContain(other.userId);
    expect(ids).toContain(interpreter.userId);
    for (const { userId } of [asking, patient, disabled]) expect(ids).not.toContain(userId);
    expect(users.every(({ role }) => role !== "PATIENT")).toBe(true);
    expect(Object.keys(users[0] ?? {}).sort()).toEqual(["id", "image", "name", "role"]);
    expect((await refusalOf(() => listColleagues(patient))).code).toBe("not-allowed");
    expect((await refusalOf(() => listColleagues(interpreter))).code).toBe("not-allowed");
    expect((await refusalOf(() => listColleagues({ ...asking, sessionId: randomUUID() }))).code).toBe("session-ended");
  });
});

describe("adding", () => {
  it.each(["SCHEDULED", "IN_PROGRESS"] as const)(
    "E2 an interpreter joins while %s, and then takes part",
    async (status) => {
      const { patient, practitioner, consultationId } = await createWorld(status);
      if (status === "IN_PROGRESS") await sendMessage(patient, messageOf(consultationId, "before"));
      const interpreter = await createPerson("INTERPRETER", "Ibrahim");
      const { event } = await addParticipant(practitioner, consultationId, interpreter);
      if (event?.type !== "user-joined") return expect.unreachable();
      expect(event.actorId).toBe(practitioner.userId);
      expect(event.data.user).toEqual(userOf(interpreter));
      expect(event.data.message.system).toEqual({
        type: "user-joined",
        actor: userOf(practitioner),
        user: userOf(interpreter),
      });
      expect(await addParticipant(practitioner, consultationId, interpreter)).toEqual({ event: null });
      const { participants } = await readSnapshot(interpreter, consultationId);
      expect(participants).toHaveLength(3);
      expect(participants[2]?.user.id).toBe(interpreter.userId);
      expect((await listConsultations(interpreter)).map(({ id, unreadCount }) => [id, unreadCount])).toEqual([
        [consultationId, status === "IN_PROGRESS" ? 1 : 0],
      ]);
      if (status === "IN_PROGRESS") {
        expect((await sendMessage(interpreter, messageOf(consultationId, "hello"))).event.seq).toBe(3);
      }
    },
  );

  it("E2 ATK35 only by a practitioner who takes part, and only colleagues who can sign in", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const interpreter = await createPerson("INTERPRETER");
    const foreign = await createPerson("PRACTITIONER");
    expect((await refusalOf(() => addParticipant(patient, consultationId, interpreter))).code).toBe("not-allowed");
    expect((await refusalOf(() => addParticipant(foreign, consultationId, foreign))).code).toBe("not-found");
    expect((await refusalOf(() => addParticipant(practitioner, randomUUID(), foreign))).code).toBe("not-found");
    const refused = async (userId: string) =>
      (await refusalOf(() => addParticipant(practitioner, consultationId, { userId }))).details;
    expect(await refused((await createPerson("PATIENT")).userId)).toEqual({ fields: { userId: "not-a-colleague" } });
    expect(await refused(randomUUID())).toEqual({ fields: { userId: "unknown" } });
    await db().user.update({ where: { id: interpreter.userId }, data: { disabledAt: new Date() } });
    expect(await refused(interpreter.userId)).toEqual({ fields: { userId: "unknown" } });
    expect(await addParticipant(practitioner, consultationId, patient)).toEqual({ event: null });
  });

  it("E2 UI3 not after the end, where who takes part already is still told", async () => {
    const { patient, practitioner, consultationId } = await createWorld("COMPLETED");
    const colleague = await createPerson("PRACTITIONER");
    expect(await refusalOf(() => addParticipant(practitioner, consultationId, colleague))).toEqual({
      code: "consultation-state",
      details: { status: "COMPLETED" },
    });
    expect(await addParticipant(practitioner, consultationId, patient)).toEqual({ event: null });
    expect((await refusalOf(() => removeParticipant(practitioner, consultationId, patient))).code).toBe(
      "consultation-state",
    );
  });

  it("E2 SEQ1 the same colleague twenty times at once joins once", async () => {
    const { practitioner, consultationId } = await createWorld();
    const colleague = await createPerson("PRACTITIONER");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => addParticipant(practitioner, consultationId, colleague)),
    );
    expect(answers.filter(({ event }) => event)).toHaveLength(1);
    expectGapless(await allEvents(practitioner, consultationId));
  });
});

describe("removing", () => {
  async function withInterpreter() {
    const world = await createWorld();
    const interpreter = await createPerson("INTERPRETER", "Ibrahim");
    await addParticipant(world.practitioner, world.consultationId, interpreter);
    return { ...world, interpreter };
  }
  const hintsOnly = async (consultationId: string) =>
    (await db().publicationCursor.findFirstOrThrow({ where: { consultationId, sink: "pusher" } })).hintsOnly;

  it("E2 UI4 whoever was removed is a stranger from that transaction on, and pushes carry no words any more", async () => {
    const { patient, practitioner, interpreter, consultationId } = await withInterpreter();
    const mine = messageOf(consultationId, "mine");
    await sendMessage(interpreter, mine);
    expect(await hintsOnly(consultationId)).toBe(false);
    const { event } = await removeParticipant(practitioner, consultationId, interpreter);
    if (event?.type !== "user-left") return expect.unreachable();
    expect(event.data.user).toEqual(userOf(interpreter));
    expect(event.data.message.system).toMatchObject({ type: "user-left", actor: userOf(practitioner) });
    expect(await hintsOnly(consultationId)).toBe(true);
    expect(await removeParticipant(practitioner, consultationId, interpreter)).toEqual({ event: null });

    const { participants } = await readSnapshot(patient, consultationId);
    expect(participants.map(({ user }) => user.id).sort()).toEqual([patient.userId, practitioner.userId].sort());
    expect(await listConsultations(interpreter)).toEqual([]);
    for (const attempt of [
      () => readSnapshot(interpreter, consultationId),
      () => readEvents(interpreter, consultationId, { after: 0, limit: 10 }),
      () => readMessages(interpreter, consultationId, { limit: 10 }),
      () => recordReceipt(interpreter, consultationId, { readUpToSeq: 1 }),
      () => sendMessage(interpreter, mine),
      () => sendMessage(interpreter, messageOf(consultationId, "still here?")),
      () => editMessage(interpreter, mine.id, { content: "still mine?" }),
      () => setReaction(interpreter, { messageId: mine.id, emoji: "👍", on: true }),
    ]) {
      expect((await refusalOf(attempt)).code).toBe("not-found");
    }
  });

  it("E2 by a practitioner of it only: themself too, the patient too, but never the last practitioner", async () => {
    const { patient, practitioner, interpreter, consultationId } = await withInterpreter();
    const stranger = await createPerson("PRACTITIONER");
    expect((await refusalOf(() => removeParticipant(patient, consultationId, interpreter))).code).toBe("not-allowed");
    expect((await refusalOf(() => removeParticipant(interpreter, consultationId, interpreter))).code).toBe(
      "not-allowed",
    );
    expect((await refusalOf(() => removeParticipant(stranger, consultationId, patient))).code).toBe("not-found");
    expect((await refusalOf(() => removeParticipant(practitioner, consultationId, stranger))).code).toBe("not-found");
    const last = { code: "validation-failed", details: { fields: { userId: "last-practitioner" } } };
    expect(await refusalOf(() => removeParticipant(practitioner, consultationId, practitioner))).toEqual(last);

    await addParticipant(practitioner, consultationId, stranger);
    await db().user.update({ where: { id: stranger.userId }, data: { disabledAt: new Date() } });
    expect(await refusalOf(() => removeParticipant(practitioner, consultationId, practitioner))).toEqual(last);
    await db().user.update({ where: { id: stranger.userId }, data: { disabledAt: null } });
    expect((await removeParticipant(practitioner, consultationId, practitioner)).event?.type).toBe("user-left");
    expect((await refusalOf(() => readSnapshot(practitioner, consultationId))).code).toBe("not-found");
    expect((await removeParticipant(stranger, consultationId, patient)).event?.type).toBe("user-left");
    expect((await listConsultations(stranger))[0]?.counterpart).toMatchObject({ id: interpreter.userId });
  });

  it("E2 RCV7 who comes back stands last and keeps their positions, which only grow", async () => {
    const { patient, practitioner, interpreter, consultationId } = await withInterpreter();
    await sendMessage(patient, messageOf(consultationId, "x"));
    await recordReceipt(interpreter, consultationId, { readUpToSeq: 2 });
    const second = await createPerson("INTERPRETER");
    await addParticipant(practitioner, consultationId, second);
    await removeParticipant(practitioner, consultationId, interpreter);
    expect((await addParticipant(practitioner, consultationId, interpreter)).event?.type).toBe("user-joined");
    const { participants } = await readSnapshot(interpreter, consultationId);
    expect(participants.map(({ user }) => user.id).slice(2)).toEqual([second.userId, interpreter.userId]);
    expect(participants.at(-1)?.position).toMatchObject({ readUpToSeq: 2, deliveredUpToSeq: 2 });
    expect(await hintsOnly(consultationId)).toBe(true);
  });

  it("UI4 F27 of a removal and messages in flight one order wins: nothing of theirs stands after it", async () => {
    for (let round = 0; round < 5; round++) {
      const { practitioner, interpreter, consultationId } = await withInterpreter();
      const sends = Promise.allSettled(
        Array.from({ length: 12 }, () => sendMessage(interpreter, messageOf(consultationId, "x"))),
      );
      const { event } = await removeParticipant(practitioner, consultationId, interpreter);
      const settled = await sends;
      const accepted = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value.event.seq] : []));
      const codes = settled.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
      expect(new Set(codes).size).toBeLessThanOrEqual(1);
      expect(codes.every((code) => code === "not-found")).toBe(true);
      expect(Math.max(0, ...accepted)).toBeLessThan(event?.seq ?? 0);
      const events = await allEvents(practitioner, consultationId);
      expectGapless(events);
      expect(events).toHaveLength(accepted.length + 2);
    }
  });

  it("E2 two practitioners who remove each other at once: one of them stays", async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await createPerson("PRACTITIONER"), await createPerson("PRACTITIONER")];
      const consultationId = await createConsultation([await createPerson("PATIENT"), a, b]);
      const settled = await Promise.allSettled([
        removeParticipant(a, consultationId, b),
        removeParticipant(b, consultationId, a),
      ]);
      expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const left = await db().participant.count({ where: { consultationId, leftAt: null } });
      expect(left).toBe(2);
    }
  });
});
