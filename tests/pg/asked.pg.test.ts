import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { consultationChannel, presenceChannel } from "@/lib/protocol/channels";
import { createConsultationSchema } from "@/lib/protocol/commands";
import { openSession } from "@/lib/server/accounts/sessions";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { answerRequest } from "@/lib/server/commands/answer-request";
import { createConsultation as create } from "@/lib/server/commands/create-consultation";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { renewInvitation } from "@/lib/server/commands/renew-invitation";
import { sendMessage } from "@/lib/server/commands/send-message";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { withdrawInvitation } from "@/lib/server/commands/withdraw-invitation";
import { db } from "@/lib/server/db";
import { signChannel } from "@/lib/server/http/authorize-channel";
import { acceptInvitation, readInvitation } from "@/lib/server/invitations/accept-invitation";
import { planMail } from "@/lib/server/mail/mail-queue";
import { mailSweepOnce } from "@/lib/server/mail/process-mail";
import { readSimulatedMail } from "@/lib/server/mail/read-simulated-mail";
import { readNotices } from "@/lib/server/notices/read-notices";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readEvents } from "@/lib/server/queries/read-events";
import { readMessages } from "@/lib/server/queries/read-messages";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { useTestRuntime } from "@/tests/support/database";
import { unreadForMinutes } from "@/tests/support/unread-for";
import { createPerson, createWorld, fingerprint, messageOf, type Person } from "@/tests/support/world";

useTestRuntime();

const FROM = "192.0.2.1";
const notFound = { code: "not-found" };

async function emailOf({ userId }: Person): Promise<string> {
  return (await db().user.findUniqueOrThrow({ where: { id: userId } })).email;
}

/** A practitioner who is new to a patient asks for a first consultation. */
async function ask(by: Person, patientEmail: string, patientName: string | null = "Somebody") {
  const command = createConsultationSchema.parse({ id: randomUUID(), patientEmail, patientName, subject: "Cough" });
  return create(by, command, "en");
}

/** Anna, who is Dr. Weber's patient and online, and Dr. Okafor, who has just asked her. */
async function asked() {
  const { patient: anna, practitioner: weber } = await createWorld();
  const okafor = await createPerson("PRACTITIONER", "Dr. Okafor");
  await db().user.update({ where: { id: anna.userId }, data: { image: "/anna.png" } });
  await db().userPresence.create({ data: { userId: anna.userId, seenAt: new Date() } });
  await db().userPresence.create({ data: { userId: okafor.userId, seenAt: new Date() } });
  const { consultation, invitation } = await ask(okafor, await emailOf(anna));
  return { anna, weber, okafor, id: consultation.id, consultation, invitation };
}

/** What an answer says but for ids and times, which differ anyway. */
const likeness = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value)
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "id")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
      .replace(/"token":"[^"]*"/g, '"token":"token"'),
  );

describe("a first consultation with another practitioner", () => {
  it("S4 the answer for a patient who is known is the one for an address that nobody has", async () => {
    const { okafor, consultation, invitation, id } = await asked();
    const unknown = await ask(okafor, `${randomUUID()}@nowhere.example`);
    const closed = await createPerson("PATIENT", "Closed");
    await db().user.update({ where: { id: closed.userId }, data: { disabledAt: new Date() } });
    const disabled = await ask(okafor, await emailOf(closed));
    const known = { consultation, invitation, repeated: false };
    expect(likeness(unknown)).toEqual(likeness(known));
    expect(likeness(disabled)).toEqual(likeness(known));
    expect(consultation).toMatchObject({
      counterpart: { name: "Somebody", role: "PATIENT", image: null, online: false, lastActiveAt: null },
      invitation: { invitedAt: expect.any(String), expiresAt: expect.any(String) },
    });
    const ids = [id, unknown.consultation.id, disabled.consultation.id];
    // Of two who came at once the order is that of their ids, which are random.
    const people = await Promise.all(
      ids.map(async (one) => {
        const { participants } = await readSnapshot(okafor, one);
        return likeness(participants.sort((a, b) => a.user.role.localeCompare(b.user.role)));
      }),
    );
    expect(people[1]).toEqual(people[0]);
    expect(people[2]).toEqual(people[0]);
    const renewed = await Promise.all(ids.map((one) => renewInvitation(okafor, one, "en")));
    expect(new Set(renewed.map((one) => JSON.stringify(likeness(one)))).size).toBe(1);
    const withdrawn = await Promise.all(ids.map((one) => withdrawInvitation(okafor, one)));
    const shapes = withdrawn.map(({ event }) => JSON.stringify(likeness(event)));
    expect(new Set(shapes).size).toBe(1);
    expect(shapes[0]).not.toMatch(/Anna|anna\.png/);
  });

  it("S4 nothing that the practitioner reads or is told has a word about the patient, whatever becomes of it", async () => {
    for (const end of ["none", "declined", "withdrawn", "removed"] as const) {
      const { anna, okafor, id } = await asked();
      await db().userPresence.delete({ where: { userId: okafor.userId } });
      await startConsultation(okafor, id);
      if (end === "declined") await answerRequest(anna, id, false);
      if (end === "withdrawn") await withdrawInvitation(okafor, id);
      if (end === "removed") await removeParticipant(okafor, id, anna);
      const own = (await listConsultations(okafor)).find((row) => row.id === id);
      expect(own?.counterpart.left).toBe(end === "none" ? undefined : end === "removed" ? "left" : end);
      const { headSeq, epoch } = await readSnapshot(okafor, id);
      const seen = JSON.stringify([
        await listConsultations(okafor),
        await readSnapshot(okafor, id),
        await readEvents(okafor, id, { after: 0, epoch, limit: 100 }),
        await readMessages(okafor, id, { limit: 100 }),
        (await readNotices([{ consultation: id, first: 1, last: headSeq, everybody: true, readers: [] }]))
          .flatMap(({ rows }) => rows)
          .filter(({ userId }) => userId === okafor.userId),
      ]);
      expect(seen).toContain("Somebody");
      expect(seen, end).not.toMatch(/Anna|anna\.png|"online":true/);
    }
  });

  it("S3 the patient sees who asks and what about, and nothing else of it is theirs", async () => {
    const { anna, okafor, id } = await asked();
    await startConsultation(okafor, id);
    await sendMessage(okafor, messageOf(id, "words before the answer"));
    const row = (await listConsultations(anna)).find((one) => one.id === id);
    expect(row).toEqual({
      ...{ id, status: "IN_PROGRESS", subject: "Cough", scheduledFor: null, request: { askedAt: expect.any(String) } },
      counterpart: {
        id: okafor.userId,
        role: "PRACTITIONER",
        name: "Dr. Okafor",
        image: null,
        online: false,
        lastActiveAt: null,
      },
      ...{ othersCount: 1, invitation: null, lastMessage: null, unreadCount: 0, headSeq: 0, readUpToSeq: 0 },
      lastActivityAt: row?.request?.askedAt,
    });
    const before = await fingerprint();
    const { epoch } = await readSnapshot(okafor, id);
    for (const attempt of [
      () => readSnapshot(anna, id),
      () => readEvents(anna, id, { after: 0, epoch, limit: 100 }),
      () => readMessages(anna, id, { limit: 100 }),
      () => recordReceipt(anna, id, { readUpToSeq: 1 }),
      () => sendMessage(anna, messageOf(id, "hello")),
    ]) {
      await expect(attempt()).rejects.toMatchObject(notFound);
    }
    for (const channel of [consultationChannel(id, false), presenceChannel(id)]) {
      await expect(signChannel(anna, "1.1", channel)).rejects.toMatchObject({ code: "channel-not-allowed" });
    }
    expect(await fingerprint()).toBe(before);
    const [notices] = await readNotices([{ consultation: id, first: 1, last: 2, everybody: true, readers: [] }]);
    expect(notices?.written.flatMap(({ tell }) => tell)).toEqual([]);
    expect(notices?.rows.find(({ userId }) => userId === anna.userId)?.row).toEqual(row);
    await unreadForMinutes([id]);
    await planMail(0);
    expect(await db().mail.count({ where: { consultationId: id, kind: "new-message" } })).toBe(0);
  });

  it("S3 who asks is who has invited, not a colleague who was added to it, also once the one has left and the other asks again", async () => {
    const { anna, weber, okafor, id } = await asked();
    const rowOf = async () => (await listConsultations(anna)).find((row) => row.id === id);
    await addParticipant(okafor, id, weber);
    await removeParticipant(okafor, id, okafor);
    const asker = { id: okafor.userId, name: "Dr. Okafor", online: false, lastActiveAt: null };
    expect(await rowOf()).toMatchObject({ request: {}, counterpart: asker });
    await renewInvitation(weber, id, "en");
    expect(await rowOf()).toMatchObject({ request: {}, counterpart: { id: weber.userId } });
    await answerRequest(anna, id, true);
    expect(await rowOf()).toMatchObject({ counterpart: { id: weber.userId, online: false } });
  });

  it("S3 accepted it is theirs with all that was written, live for both, under their own name", async () => {
    const { anna, okafor, id } = await asked();
    await startConsultation(okafor, id);
    await sendMessage(okafor, messageOf(id, "words before the answer"));
    const { event } = await answerRequest(anna, id, true);
    expect(event).toMatchObject({
      type: "user-joined",
      actorId: anna.userId,
      data: { user: { name: "Anna", image: "/anna.png" } },
    });
    expect(await answerRequest(anna, id, true)).toEqual({ event: null });
    await expect(answerRequest(anna, id, false)).rejects.toMatchObject({ code: "invitation-closed" });
    expect((await readSnapshot(anna, id)).messages.map(({ content }) => content)).toContain("words before the answer");
    expect((await readSnapshot(okafor, id)).participants).toMatchObject([
      { user: { name: "Dr. Okafor" } },
      { user: { name: "Anna" }, online: true, invitation: null },
    ]);
    // They know each other now.
    expect(await ask(okafor, await emailOf(anna))).toMatchObject({
      invitation: null,
      consultation: { counterpart: { name: "Anna" }, invitation: null },
    });
  });

  it("S3 one answer counts for all that this practitioner has asked, and for nobody else", async () => {
    const { anna, okafor, id } = await asked();
    const other = await createPerson("PRACTITIONER", "Dr. Rogue");
    const [second, foreign] = [await ask(okafor, await emailOf(anna)), await ask(other, await emailOf(anna))];
    await answerRequest(anna, second.consultation.id, true);
    const requests = (await listConsultations(anna)).filter(({ request }) => request);
    expect(requests.map((row) => row.id)).toEqual([foreign.consultation.id]);
    await expect(readSnapshot(anna, id)).resolves.toMatchObject({ headSeq: 1 });
  });

  it("S3 declined it is gone from the list for good, and the practitioner is told in the conversation", async () => {
    const { anna, okafor, id, invitation } = await asked();
    const { event } = await answerRequest(anna, id, false);
    expect(event).toMatchObject({
      type: "user-left",
      data: {
        user: { name: "Somebody" },
        message: { system: { invitation: "declined", actor: { name: "Somebody" } } },
      },
    });
    expect(await answerRequest(anna, id, false)).toEqual({ event: null });
    await expect(answerRequest(anna, id, true)).rejects.toMatchObject(notFound);
    expect((await listConsultations(anna)).map((row) => row.id)).not.toContain(id);
    expect((await listConsultations(okafor)).find((row) => row.id === id)?.counterpart).toMatchObject({
      ...{ name: "Somebody", online: false, left: "declined" },
    });
    await expect(renewInvitation(okafor, id, "en")).rejects.toMatchObject({ code: "invitation-closed" });
    await expect(readInvitation(invitation?.token ?? "", FROM)).rejects.toMatchObject({
      code: "not-found",
      details: {},
    });
    expect((await ask(okafor, await emailOf(anna))).consultation.invitation).not.toBeNull();
  });

  it("S3 of accepting, declining and withdrawing at once one is first, and all agree", async () => {
    for (let round = 0; round < 6; round++) {
      const { anna, okafor, id } = await asked();
      const acts = [
        () => answerRequest(anna, id, true),
        () => answerRequest(anna, id, false),
        () => withdrawInvitation(okafor, id),
      ];
      const turned = [...acts.slice(round % 3), ...acts.slice(0, round % 3)];
      await Promise.allSettled(turned.map((act) => act()));
      const { messages, participants } = await readSnapshot(okafor, id);
      expect(messages).toHaveLength(1);
      const joined = messages[0]?.system?.type === "user-joined";
      expect(participants).toHaveLength(joined ? 2 : 1);
      const own = (await listConsultations(anna)).find((row) => row.id === id);
      expect([own !== undefined, own?.request]).toEqual([joined, undefined]);
    }
  });

  it("S3 nobody else can answer: not the practitioner, a colleague in it, a stranger, or with a session that ended", async () => {
    const { okafor, id, anna } = await asked();
    const [colleague, stranger] = [await createPerson("PRACTITIONER"), await createPerson("PATIENT")];
    await addParticipant(okafor, id, colleague);
    const before = await fingerprint();
    for (const person of [okafor, colleague]) {
      expect(await answerRequest(person, id, true)).toEqual({ event: null });
      await expect(answerRequest(person, id, false)).rejects.toMatchObject({ code: "invitation-closed" });
    }
    for (const accepted of [true, false]) {
      await expect(answerRequest(stranger, id, accepted)).rejects.toMatchObject(notFound);
      await expect(answerRequest(anna, randomUUID(), accepted)).rejects.toMatchObject(notFound);
      const thief = { userId: anna.userId, sessionId: stranger.sessionId };
      await expect(answerRequest(thief, id, accepted)).rejects.toMatchObject({ code: "session-ended" });
    }
    expect(await fingerprint()).toBe(before);
  });

  it("S3 whoever took an address first reads nothing of what another practitioner writes to it later", async () => {
    // A rogue practitioner has the link where no mail leaves, and makes the account in the patient's name.
    const [rogue, weber] = [await createPerson("PRACTITIONER"), await createPerson("PRACTITIONER", "Dr. Weber")];
    const address = `${randomUUID()}@patients.example`;
    const { invitation } = await ask(rogue, address);
    const taken = await acceptInvitation(invitation?.token ?? "", { name: "Taken", password: "a good password" }, FROM);
    const claim = { userId: taken.userId, ...(await openSession(taken.userId)) };
    const { consultation } = await ask(weber, address);
    await startConsultation(weber, consultation.id);
    await sendMessage(weber, messageOf(consultation.id, "for the patient alone"));
    await expect(readSnapshot(claim, consultation.id)).rejects.toMatchObject(notFound);
    expect(JSON.stringify(await listConsultations(claim))).not.toContain("for the patient alone");
  });

  it("S3 writes to the mailbox of whoever has an account too; the link opens nothing without signing in", async () => {
    const { anna, invitation } = await asked();
    await mailSweepOnce();
    const email = await emailOf(anna);
    const mail = (await readSimulatedMail(50)).find(({ to }) => to === email);
    expect(/\/invite\/(\S+)/.exec(mail?.text ?? "")?.[1]).toBe(invitation?.token);
    expect(await readInvitation(invitation?.token ?? "", FROM)).toMatchObject({ userId: anna.userId, account: true });
    const before = await fingerprint();
    const takeover = acceptInvitation(invitation?.token ?? "", { name: "Thief", password: "a good password" }, FROM);
    await expect(takeover).rejects.toMatchObject(notFound);
    expect(await fingerprint()).toBe(before);
  });

  it("S3 one person is asked ten times a day by one practitioner, then it is 429, for a known address as for a new one", async () => {
    for (const address of [await emailOf((await createWorld()).patient), `${randomUUID()}@nowhere.example`]) {
      const [okafor, other] = [await createPerson("PRACTITIONER"), await createPerson("PRACTITIONER")];
      const first = (await ask(okafor, address)).consultation.id;
      for (let count = 2; count <= 9; count++) await ask(okafor, address);
      await renewInvitation(okafor, first, "en");
      const before = await fingerprint();
      for (const again of [() => ask(okafor, address), () => renewInvitation(okafor, first, "en")]) {
        const refusal = await again().then(
          () => expect.unreachable("should have been refused"),
          (error: unknown) => error,
        );
        expect(refusal).toMatchObject({ code: "rate-limited", retryAfterSeconds: expect.any(Number) });
        expect((refusal as { retryAfterSeconds: number }).retryAfterSeconds).toBeGreaterThan(86_000);
      }
      expect(await fingerprint()).toBe(before);
      await expect(ask(other, address)).resolves.toMatchObject({ repeated: false });
    }
  });

  it("S3 an answer does not count for a practitioner who invited to it once and has left it", async () => {
    const { anna, okafor, id } = await asked();
    const rogue = await createPerson("PRACTITIONER", "Dr. Rogue");
    await addParticipant(okafor, id, rogue);
    await renewInvitation(rogue, id, "en");
    await removeParticipant(okafor, id, rogue);
    const own = await ask(rogue, await emailOf(anna));
    await answerRequest(anna, id, true);
    await expect(readSnapshot(anna, own.consultation.id)).rejects.toMatchObject(notFound);
    const { participants } = await readSnapshot(rogue, own.consultation.id);
    expect(participants.find(({ user }) => user.id === anna.userId)).toMatchObject({
      user: { name: "Somebody" },
      online: false,
    });
  });

  it("S4 who comes and goes is told to nobody who was only asked, and of nobody who was", async () => {
    const { anna, weber, okafor } = await asked();
    await db().userPresence.create({ data: { userId: weber.userId, seenAt: new Date() } });
    const told = async ({ userId }: Person) =>
      (await db().$queryRaw<{ id: string }[]>`SELECT counterparts_online(${userId}::uuid) AS id`).map(({ id }) => id);
    expect(await told(anna)).toEqual([weber.userId]);
    expect(await told(okafor)).toEqual([]);
  });
});
