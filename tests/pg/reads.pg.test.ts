import { describe, expect, it } from "vitest";
import { pruneSessions } from "@/lib/server/accounts/sessions";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { db } from "@/lib/server/db";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readEvents } from "@/lib/server/queries/read-events";
import { readMessages } from "@/lib/server/queries/read-messages";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { checkParticipant, readViewer } from "@/lib/server/queries/read-viewer";
import { useTestRuntime } from "@/tests/support/database";
import { createConsultation, createPerson, createWorld, messageOf, type Person } from "@/tests/support/world";

useTestRuntime();

async function sendMany(person: Person, consultationId: string, count: number): Promise<void> {
  for (let index = 1; index <= count; index++) await sendMessage(person, messageOf(consultationId, `message ${index}`));
}

describe("history", () => {
  it("D1 the snapshot has the last 50, pages go back without a gap or a double", async () => {
    const { patient, consultationId } = await createWorld();
    await sendMany(patient, consultationId, 120);
    const snapshot = await readSnapshot(patient, consultationId);
    expect(snapshot.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => 71 + index));
    expect(snapshot).toMatchObject({ hasMore: true, headSeq: 120 });

    const older = await readMessages(patient, consultationId, { before: 71, limit: 50 });
    expect(older.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => 21 + index));
    expect(older).toMatchObject({ hasMore: true, headSeq: 120, epoch: snapshot.epoch });
    const oldest = await readMessages(patient, consultationId, { before: 21, limit: 50 });
    expect(oldest.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => 1 + index));
    expect(oldest.hasMore).toBe(false);
    const exact = await readMessages(patient, consultationId, { before: 51, limit: 50 });
    expect(exact).toMatchObject({ hasMore: false });
    expect(exact.messages).toHaveLength(50);
  });

  it("RCV2 events after a seq come in order, up to the limit, with head, epoch and positions", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMany(patient, consultationId, 7);
    const { epoch } = await readSnapshot(patient, consultationId);
    const page = await readEvents(practitioner, consultationId, { after: 2, limit: 3, epoch });
    if ("reset" in page) return expect.unreachable();
    expect(page.events.map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(page).toMatchObject({ headSeq: 7, epoch });
    expect(page.positions.map(({ userId }) => userId).sort()).toEqual([patient.userId, practitioner.userId].sort());
  });

  it("RCV4 another epoch, a seq beyond the head and another time at the last seq answer reset; distance never does", async () => {
    const { patient, consultationId } = await createWorld();
    await sendMany(patient, consultationId, 3);
    const { epoch, messages } = await readSnapshot(patient, consultationId);
    const reset = { reset: true, headSeq: 3, epoch };
    const read = (query: { after: number; epoch?: string; afterAt?: string }) =>
      readEvents(patient, consultationId, { limit: 200, ...query });
    expect(await read({ after: 0, epoch: "another" })).toEqual(reset);
    expect(await read({ after: 4 })).toEqual(reset);
    expect(await read({ after: 2, epoch, afterAt: "2020-01-01T00:00:00.000Z" })).toEqual(reset);
    expect(await read({ after: 2, epoch, afterAt: messages[1]?.createdAt })).toMatchObject({ events: [{ seq: 3 }] });
    expect(await read({ after: 0, epoch })).toMatchObject({ events: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
  });

  it("RCV4 F39 db:restored makes another epoch", async () => {
    const { patient, consultationId } = await createWorld();
    const before = await readSnapshot(patient, consultationId);
    await db().logIdentity.update({ where: { id: 1 }, data: { restores: { increment: 1 } } });
    const after = await readSnapshot(patient, consultationId);
    expect(after.epoch).not.toBe(before.epoch);
    expect(await readEvents(patient, consultationId, { after: 0, limit: 10, epoch: before.epoch })).toMatchObject({
      reset: true,
    });
  });
});

describe("positions", () => {
  it("RCV7 only grow, reading implies delivery, and nothing else of the row changes", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMany(patient, consultationId, 5);
    const first = await recordReceipt(practitioner, consultationId, { readUpToSeq: 3 });
    expect(first.position).toMatchObject({ userId: practitioner.userId, readUpToSeq: 3, deliveredUpToSeq: 3 });
    expect(first.position.readAt).not.toBeNull();
    expect(await recordReceipt(practitioner, consultationId, { readUpToSeq: 1, deliveredUpToSeq: 2 })).toEqual(first);
    const later = await recordReceipt(practitioner, consultationId, { deliveredUpToSeq: 5 });
    expect(later.position).toMatchObject({ readUpToSeq: 3, readAt: first.position.readAt, deliveredUpToSeq: 5 });
    const { participants } = await readSnapshot(patient, consultationId);
    expect(participants.map(({ position }) => position)).toContainEqual(later.position);
  });

  it("RCV7 racing receipts end at the maximum", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMany(patient, consultationId, 20);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        recordReceipt(practitioner, consultationId, { readUpToSeq: 20 - index }),
      ),
    );
    const { participants } = await readSnapshot(patient, consultationId);
    expect(participants.find(({ user }) => user.id === practitioner.userId)?.position.readUpToSeq).toBe(20);
  });

  it("ATK32 beyond the head is refused; in a completed consultation receipts are still taken", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMany(patient, consultationId, 2);
    await expect(recordReceipt(practitioner, consultationId, { readUpToSeq: 3 })).rejects.toMatchObject({
      code: "validation-failed",
      details: { fields: { readUpToSeq: "beyond-the-head" }, headSeq: 2 },
    });
    await db().consultation.update({ where: { id: consultationId }, data: { status: "COMPLETED" } });
    expect((await recordReceipt(practitioner, consultationId, { readUpToSeq: 2 })).position.readUpToSeq).toBe(2);
  });
});

describe("list", () => {
  it("C7 rows have counterpart, preview, unread of others' undeleted text and come by activity", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    const quiet = await createConsultation([patient, practitioner], "SCHEDULED");
    await startConsultation(practitioner, consultationId);
    await sendMany(practitioner, consultationId, 3);
    await sendMessage(patient, messageOf(consultationId, "own\n words"));
    const deleted = messageOf(consultationId, "gone");
    await sendMessage(practitioner, deleted);
    await db().message.update({ where: { id: deleted.id }, data: { content: null, deletedAt: new Date(), rev: 99 } });
    await recordReceipt(patient, consultationId, { readUpToSeq: 2 });

    const rows = await listConsultations(patient);
    expect(rows.map(({ id }) => id)).toEqual([consultationId, quiet]);
    expect(rows[0]).toMatchObject({
      status: "IN_PROGRESS",
      counterpart: { id: practitioner.userId, role: "PRACTITIONER", name: "Dr. Weber", online: false },
      lastMessage: { seq: 5, senderId: patient.userId, preview: "own words" },
      unreadCount: 2,
      headSeq: 6,
      readUpToSeq: 2,
    });
    expect(rows[1]).toMatchObject({ status: "SCHEDULED", lastMessage: null, unreadCount: 0, headSeq: 0 });
    expect((await listConsultations(practitioner))[0]?.counterpart.id).toBe(patient.userId);
  });

  it("R8 C7 a row names who wrote its last message and says how many others take part", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const okafor = await createPerson("PRACTITIONER", "Dr. Okafor");
    await sendMessage(patient, messageOf(consultationId, "mine"));
    const rowOf = async (person: Person) => (await listConsultations(person))[0];
    expect(await rowOf(practitioner)).toMatchObject({ othersCount: 1, lastMessage: { senderName: "Anna" } });
    await addParticipant(practitioner, consultationId, okafor);
    await sendMessage(okafor, messageOf(consultationId, "hers"));
    for (const person of [patient, practitioner, okafor]) {
      expect(await rowOf(person)).toMatchObject({
        othersCount: 2,
        lastMessage: { senderId: okafor.userId, senderName: "Dr. Okafor", preview: "hers" },
      });
    }
    await removeParticipant(practitioner, consultationId, okafor);
    expect(await rowOf(patient)).toMatchObject({
      othersCount: 1,
      counterpart: { id: practitioner.userId },
      lastMessage: { senderName: "Dr. Okafor" },
    });
  });

  it("ATK25 ATK35 a stranger's list is empty and every read of another's consultation is not-found", async () => {
    const { consultationId } = await createWorld();
    const stranger = await createPerson("PRACTITIONER");
    expect(await listConsultations(stranger)).toEqual([]);
    const reads = [
      () => readSnapshot(stranger, consultationId),
      () => readEvents(stranger, consultationId, { after: 0, limit: 10 }),
      () => readMessages(stranger, consultationId, { limit: 10 }),
      () => recordReceipt(stranger, consultationId, { readUpToSeq: 0 }),
      () => checkParticipant(stranger, consultationId),
    ];
    for (const read of reads) await expect(read()).rejects.toMatchObject({ code: "not-found" });
    expect(await readViewer(stranger)).toEqual({
      id: stranger.userId,
      role: "PRACTITIONER",
      name: "practitioner",
      image: null,
    });
  });

  it("ATK103 every read judges the session", async () => {
    const { patient, consultationId } = await createWorld();
    await db().session.update({ where: { id: patient.sessionId }, data: { endedAt: new Date() } });
    const reads = [
      () => readSnapshot(patient, consultationId),
      () => readEvents(patient, consultationId, { after: 0, limit: 10 }),
      () => readMessages(patient, consultationId, { limit: 10 }),
      () => recordReceipt(patient, consultationId, { readUpToSeq: 0 }),
      () => checkParticipant(patient, consultationId),
      () => listConsultations(patient),
      () => readViewer(patient),
    ];
    for (const read of reads) await expect(read()).rejects.toMatchObject({ code: "session-ended" });
  });
});

describe("old sessions", () => {
  it("ATK103 are removed a month after their end, and refused all the same; the others stay", async () => {
    const [gone, ended, living] = [
      await createPerson("PATIENT"),
      await createPerson("PATIENT"),
      await createPerson("PATIENT"),
    ];
    await db()
      .$executeRaw`UPDATE sessions SET expires_at = clock_timestamp() - interval '31 days' WHERE id = ${gone.sessionId}::uuid`;
    await db()
      .$executeRaw`UPDATE sessions SET ended_at = clock_timestamp() - interval '29 days' WHERE id = ${ended.sessionId}::uuid`;
    await pruneSessions();
    const left = await db().session.findMany({
      where: { userId: { in: [gone, ended, living].map(({ userId }) => userId) } },
    });
    expect(left.map(({ id }) => id).sort()).toEqual([ended.sessionId, living.sessionId].sort());
    await expect(readViewer(gone)).rejects.toMatchObject({ code: "session-ended" });
    expect((await readViewer(living)).id).toBe(living.userId);
  });
});
