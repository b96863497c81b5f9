import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it } from "vitest";
import { runtime, setRuntime } from "@/lib/runtime";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { sendMessage } from "@/lib/server/commands/send-message";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { db } from "@/lib/server/db";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { allEvents, refusalOf } from "@/tests/support/commands";
import { useTestRuntime } from "@/tests/support/database";
import { createConsultation, createPerson, createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();

describe("sending", () => {
  it("SEQ1 SND3 a send is one committed row and one event, with the database's time and the sender from the session", async () => {
    const { patient, consultationId } = await createWorld();
    const command = messageOf(consultationId, "Good morning");
    const { event, repeated } = await sendMessage(patient, command);
    expect(repeated).toBe(false);
    expect(event).toMatchObject({ v: 1, consultationId, seq: 1, type: "new-message", actorId: patient.userId });
    if (event.type !== "new-message") return expect.unreachable();
    expect(event.data.message).toEqual({
      id: command.id,
      seq: 1,
      rev: 1,
      kind: "text",
      content: "Good morning",
      sender: { id: patient.userId, role: "PATIENT", name: "Anna", image: null },
      replyTo: null,
      attachments: [],
      reactions: [],
      createdAt: event.at,
      editedAt: null,
      deletedAt: null,
    });
    expect(await db().message.count({ where: { consultationId } })).toBe(1);
    expect(await db().event.count({ where: { consultationId } })).toBe(1);
  });

  it("SEQ1 numbers stay gapless in commit order and times never run backwards under racing senders and retries", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const ids = Array.from({ length: 60 }, () => uuidV7());
    const sends = [0, 1, 2, 3].flatMap(() =>
      ids.map((id, index) =>
        sendMessage(index % 2 ? patient : practitioner, messageOf(consultationId, `message ${index}`, id)),
      ),
    );
    const results = await Promise.all(sends);
    expect(results.filter(({ repeated }) => !repeated)).toHaveLength(60);
    const events = await allEvents(patient, consultationId);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort());
    const head = await db().consultationHead.findUniqueOrThrow({ where: { consultationId } });
    expect(head.headSeq).toBe(60);
  });

  it("ID1 F22 a repeat answers the event of the first, whoever retries how often at once", async () => {
    const { patient, consultationId } = await createWorld();
    const command = messageOf(consultationId, "once");
    const results = await Promise.all(Array.from({ length: 20 }, () => sendMessage(patient, command)));
    expect(new Set(results.map(({ event }) => JSON.stringify(event))).size).toBe(1);
    expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(await db().event.count({ where: { consultationId } })).toBe(1);
  });

  it("UI3 ID1 a repeat is answered with the message as it is now: edited, deleted, completed", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const command = messageOf(consultationId, "first words");
    const { event } = await sendMessage(patient, command);
    await completeConsultation(practitioner, consultationId, { closingNote: null });
    expect(await sendMessage(patient, command)).toEqual({ event, repeated: true });

    await db().message.update({
      where: { id: command.id },
      data: { content: "other words", rev: 9, editedAt: new Date() },
    });
    const afterEdit = await sendMessage(patient, command);
    expect(afterEdit).toMatchObject({
      repeated: true,
      event: { seq: 1, data: { message: { content: "other words", rev: 9 } } },
    });

    await db().message.update({ where: { id: command.id }, data: { content: null, rev: 10, deletedAt: new Date() } });
    const afterDelete = await sendMessage(patient, command);
    expect(afterDelete).toMatchObject({
      repeated: true,
      event: { seq: 1, data: { message: { content: null, rev: 10 } } },
    });
  });

  it("ID1 after NEXTAUTH_SECRET was rotated an unedited message still recognises its own words, and no others", async () => {
    const { patient, consultationId } = await createWorld();
    const command = messageOf(consultationId, "same words");
    await sendMessage(patient, command);
    const before = runtime();
    setRuntime({ ...before, nextAuthSecret: "another secret of enough length" });
    try {
      expect((await sendMessage(patient, command)).repeated).toBe(true);
      const refusal = await refusalOf(() => sendMessage(patient, { ...command, content: "different" }));
      expect(refusal.code).toBe("id-conflict");
    } finally {
      setRuntime(before);
    }
  });

  it("ATK42 the same id with another body, another author or in another consultation is id-conflict", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const other = await createConsultation([patient, practitioner]);
    const command = messageOf(consultationId, "mine");
    await sendMessage(patient, command);
    expect((await refusalOf(() => sendMessage(patient, { ...command, content: "changed" }))).code).toBe("id-conflict");
    expect((await refusalOf(() => sendMessage(practitioner, command))).code).toBe("id-conflict");
    expect((await refusalOf(() => sendMessage(patient, { ...command, consultationId: other }))).code).toBe(
      "id-conflict",
    );
  });

  it("ATK42 SEQ1 one id racing into two consultations is one row, one conflict and no gap", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const other = await createConsultation([patient, practitioner]);
    for (let round = 0; round < 20; round++) {
      const id = uuidV7();
      const results = await Promise.allSettled([
        sendMessage(patient, messageOf(consultationId, "x", id)),
        sendMessage(patient, messageOf(other, "x", id)),
      ]);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
    const counts = await Promise.all([allEvents(patient, consultationId), allEvents(patient, other)]);
    expect(counts.flatMap((events) => events.map(({ seq }, index) => seq - index - 1)).every((gap) => gap === 0)).toBe(
      true,
    );
    expect(counts[0].length + counts[1].length).toBe(20);
  });

  it("ATK25 a stranger learns the same of another's consultation as of a missing one", async () => {
    const { consultationId } = await createWorld();
    const stranger = await createPerson("PATIENT");
    const mine = await refusalOf(() => sendMessage(stranger, messageOf(consultationId, "x")));
    const missing = await refusalOf(() => sendMessage(stranger, messageOf(randomUUID(), "x")));
    expect(mine).toEqual({ code: "not-found", details: {} });
    expect(missing).toEqual(mine);
  });

  it("UI4 A2 a person who left the consultation is a stranger", async () => {
    const { patient, consultationId } = await createWorld();
    await db().participant.updateMany({ where: { userId: patient.userId }, data: { leftAt: new Date() } });
    expect((await refusalOf(() => sendMessage(patient, messageOf(consultationId, "x")))).code).toBe("not-found");
    expect((await refusalOf(() => readSnapshot(patient, consultationId))).code).toBe("not-found");
  });

  it.each(["SCHEDULED", "COMPLETED", "CANCELLED"] as const)("ATK38 nothing is accepted while %s", async (status) => {
    const { patient, consultationId } = await createWorld(status);
    expect(await refusalOf(() => sendMessage(patient, messageOf(consultationId, "x")))).toEqual({
      code: "consultation-not-in-progress",
      details: { status },
    });
  });

  it("ATK103 ATK73 an ended session, an expired one, a disabled user and a foreign session are session-ended", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const send = (claim: { sessionId: string; userId: string }) => () =>
      sendMessage(claim, messageOf(consultationId, "x"));
    expect((await refusalOf(send({ ...patient, sessionId: practitioner.sessionId }))).code).toBe("session-ended");
    expect((await refusalOf(send({ ...patient, sessionId: randomUUID() }))).code).toBe("session-ended");
    await db().session.update({ where: { id: patient.sessionId }, data: { endedAt: new Date() } });
    expect((await refusalOf(send(patient))).code).toBe("session-ended");
    await db().session.update({ where: { id: practitioner.sessionId }, data: { expiresAt: new Date(0) } });
    expect((await refusalOf(send(practitioner))).code).toBe("session-ended");
    await db().session.update({
      where: { id: practitioner.sessionId },
      data: { expiresAt: new Date(Date.now() + 1e6) },
    });
    await db().user.update({ where: { id: practitioner.userId }, data: { disabledAt: new Date() } });
    expect((await refusalOf(send(practitioner))).code).toBe("session-ended");
  });

  it("ATK26 a reply to a message of another consultation is refused; to one of this it carries the quote", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const other = await createConsultation([patient, practitioner]);
    const elsewhere = messageOf(other, "elsewhere");
    const here = messageOf(consultationId, "here");
    await sendMessage(patient, elsewhere);
    await sendMessage(patient, here);
    const reply = messageOf(consultationId, "answer");
    expect(await refusalOf(() => sendMessage(practitioner, { ...reply, replyToId: elsewhere.id }))).toEqual({
      code: "validation-failed",
      details: { fields: { replyToId: "not-in-this-consultation" } },
    });
    const { event } = await sendMessage(practitioner, { ...reply, replyToId: here.id });
    expect(event).toMatchObject({
      data: { message: { replyTo: { id: here.id, seq: 1, senderName: "Anna", excerpt: "here" } } },
    });
  });
});

describe("life of a consultation", () => {
  it("A7 a practitioner starts and completes; each twice is no change; a patient may do neither", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    expect((await refusalOf(() => startConsultation(patient, consultationId))).code).toBe("not-allowed");
    expect(await refusalOf(() => completeConsultation(practitioner, consultationId, { closingNote: null }))).toEqual({
      code: "consultation-not-in-progress",
      details: { status: "SCHEDULED" },
    });

    const started = await startConsultation(practitioner, consultationId);
    expect(started.event).toMatchObject({
      type: "consultation-status-changed",
      seq: 1,
      data: {
        status: "IN_PROGRESS",
        message: {
          kind: "system",
          sender: null,
          system: { type: "consultation-started", actor: { id: practitioner.userId, image: null } },
        },
      },
    });
    expect(await startConsultation(practitioner, consultationId)).toEqual({ event: null });

    expect((await refusalOf(() => completeConsultation(patient, consultationId, { closingNote: null }))).code).toBe(
      "not-allowed",
    );
    const completed = await completeConsultation(practitioner, consultationId, { closingNote: "Rest." });
    expect(completed.event).toMatchObject({
      seq: 2,
      data: { status: "COMPLETED", message: { system: { type: "consultation-completed", closingNote: "Rest." } } },
    });
    expect(await completeConsultation(practitioner, consultationId, { closingNote: null })).toEqual({ event: null });
    expect(await refusalOf(() => startConsultation(practitioner, consultationId))).toEqual({
      code: "consultation-state",
      details: { status: "COMPLETED" },
    });
    const { consultation } = await readSnapshot(patient, consultationId);
    expect(consultation).toMatchObject({
      status: "COMPLETED",
      startedAt: started.event?.at,
      endedAt: completed.event?.at,
    });
  });

  it("F27 UI3 of a completion and messages in flight one wins: nothing has a seq after the completion", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const sends = Array.from({ length: 40 }, (_, index) => sendMessage(patient, messageOf(consultationId, `${index}`)));
    const completion = completeConsultation(practitioner, consultationId, { closingNote: null });
    const settled = await Promise.allSettled(sends);
    const { event } = await completion;
    const accepted = settled.filter(({ status }) => status === "fulfilled").length;
    const events = await allEvents(patient, consultationId);
    expect(events.at(-1)).toEqual(event);
    expect(events).toHaveLength(accepted + 1);
  });
});
