import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createConsultationSchema } from "@/lib/protocol/commands";
import { endSession, openSession } from "@/lib/server/accounts/sessions";
import { verifyCredentials } from "@/lib/server/accounts/verify-credentials";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { createConsultation } from "@/lib/server/commands/create-consultation";
import { renewInvitation } from "@/lib/server/commands/renew-invitation";
import { withdrawInvitation } from "@/lib/server/commands/withdraw-invitation";
import { db } from "@/lib/server/db";
import { acceptInvitation, readInvitation } from "@/lib/server/invitations/accept-invitation";
import { mailSweepOnce } from "@/lib/server/mail/process-mail";
import { readSimulatedMail } from "@/lib/server/mail/read-simulated-mail";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { useTestRuntime } from "@/tests/support/database";
import { createPerson, createWorld, fingerprint, type Person } from "@/tests/support/world";

useTestRuntime();

const newAddress = () => `${randomUUID()}@patients.example`;

function request(fields: {
  id?: string;
  patientEmail: string;
  patientName?: string;
  subject?: string;
  scheduledFor?: string;
}) {
  return createConsultationSchema.parse({ id: randomUUID(), subject: "Subject", ...fields });
}

const create = (person: Person, fields: Parameters<typeof request>[0]) =>
  createConsultation(person, request(fields), "en");

/** Brought from anywhere: only misses are counted. */
const FROM = "192.0.2.1";

/** The tokens in this address's simulated mailbox, newest first. */
async function mailedTokens(address: string): Promise<string[]> {
  await mailSweepOnce();
  const mails = (await readSimulatedMail(100)).filter(({ to }) => to === address);
  return mails.flatMap(({ text }) => /\/invite\/(\S+)/.exec(text)?.[1] ?? []);
}

const notFound = { code: "not-found" };

async function invited(practitioner?: Person) {
  const inviter = practitioner ?? (await createPerson("PRACTITIONER"));
  const address = newAddress();
  const { consultation, invitation } = await create(inviter, { patientEmail: address });
  if (!invitation) throw new Error("Nobody was invited");
  return { inviter, address, consultation, token: invitation.token };
}

const accept = (token: string, name = "Clara Neu") =>
  acceptInvitation(token, { name, password: "a good password" }, FROM);

describe("setting up a consultation", () => {
  it("A7 S3 a patient whom the practitioner knows takes part at once, without an invitation or a mail", async () => {
    const { practitioner, patient } = await createWorld("COMPLETED");
    const { email } = await db().user.findUniqueOrThrow({ where: { id: patient.userId } });
    const scheduledFor = new Date(Date.now() + 86_400_000).toISOString();
    const answer = await create(practitioner, { patientEmail: ` ${email.toUpperCase()} `, scheduledFor });
    expect(answer).toMatchObject({
      repeated: false,
      invitation: null,
      consultation: {
        status: "SCHEDULED",
        subject: "Subject",
        scheduledFor,
        headSeq: 0,
        counterpart: { id: patient.userId },
      },
    });
    expect((await listConsultations(patient)).map(({ id }) => id)).toContain(answer.consultation.id);
    expect((await readSnapshot(patient, answer.consultation.id)).headSeq).toBe(0);
    expect(await mailedTokens(email)).toEqual([]);
  });

  it("A7 a new one gets an account that no password opens, an invitation, and a mail", async () => {
    const { address, consultation, token } = await invited();
    const patient = await db().user.findUniqueOrThrow({ where: { email: address } });
    expect(patient).toMatchObject({ role: "PATIENT", name: address.split("@")[0], invitedAt: expect.any(Date) });
    for (const guess of ["", " ", patient.passwordHash]) expect(await verifyCredentials(address, guess)).toBeNull();
    expect(await readInvitation(token, FROM)).toEqual({
      ...{ userId: patient.id, account: false, name: patient.name, email: address },
      ...{ subject: "Subject", status: "SCHEDULED", scheduledFor: null },
      inviter: { name: "practitioner", role: "PRACTITIONER" },
    });
    expect(await mailedTokens(address)).toEqual([token]);
    expect(await accept(token)).toEqual({ userId: patient.id, consultationId: consultation.id });
  });

  it("A7 the same id with the same input is the same consultation for ever, and its link is not told again", async () => {
    const practitioner = await createPerson("PRACTITIONER");
    const fields = { id: randomUUID(), patientEmail: newAddress(), patientName: "Clara" };
    const first = await create(practitioner, fields);
    const before = await fingerprint();
    const again = await create(practitioner, fields);
    expect([again.repeated, again.invitation, again.consultation]).toEqual([true, null, first.consultation]);
    for (const other of [{ subject: "Other" }, { patientEmail: newAddress() }, { patientName: "Other" }]) {
      await expect(create(practitioner, { ...fields, ...other })).rejects.toMatchObject({ code: "id-conflict" });
    }
    await expect(create(await createPerson("PRACTITIONER"), fields)).rejects.toMatchObject({ code: "id-conflict" });
    // The stranger above is all that is new.
    expect(withoutPeople(await fingerprint())).toBe(withoutPeople(before));
  });

  it("A7 a repeat is answered although its time has passed meanwhile", async () => {
    const practitioner = await createPerson("PRACTITIONER");
    const fields = {
      id: randomUUID(),
      patientEmail: newAddress(),
      scheduledFor: new Date(Date.now() - 200_000).toISOString(),
    };
    expect((await create(practitioner, fields)).repeated).toBe(false);
    const late = { ...fields, scheduledFor: new Date(Date.now() - 400_000).toISOString() };
    await expect(create(practitioner, { ...late, id: randomUUID() })).rejects.toMatchObject({
      code: "validation-failed",
      details: { fields: { scheduledFor: "past" } },
    });
    expect((await create(practitioner, fields)).repeated).toBe(true);
  });

  it("F21 ten requests with one id at once make one consultation, one patient, one mail", async () => {
    const practitioner = await createPerson("PRACTITIONER");
    const fields = { id: randomUUID(), patientEmail: newAddress() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(practitioner, fields)));
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(answers.filter(({ invitation }) => invitation)).toHaveLength(1);
    expect(await mailedTokens(fields.patientEmail)).toHaveLength(1);
  });

  it("A7 two practitioners who invite the same new patient at once make one account in two consultations", async () => {
    const address = newAddress();
    const practitioners = [await createPerson("PRACTITIONER"), await createPerson("PRACTITIONER")];
    await Promise.all(practitioners.map((practitioner) => create(practitioner, { patientEmail: address })));
    const [user, ...more] = await db().user.findMany({ where: { email: address }, include: { participations: true } });
    expect([user?.participations.length, more.length]).toEqual([2, 0]);
    expect(await mailedTokens(address)).toHaveLength(2);
  });

  it.each(["PATIENT", "INTERPRETER"] as const)("ATK35 a %s sets up nothing, also not with a known id", async (role) => {
    const person = await createPerson(role);
    const { consultation } = await invited();
    const before = await fingerprint();
    for (const id of [randomUUID(), consultation.id]) {
      await expect(create(person, { id, patientEmail: newAddress() })).rejects.toMatchObject({ code: "not-allowed" });
    }
    await endSession(person.sessionId);
    await expect(create(person, { patientEmail: newAddress() })).rejects.toMatchObject({ code: "session-ended" });
    expect(withoutPeople(await fingerprint())).toBe(withoutPeople(before));
  });

  it("A7 the address of a colleague or of one's own patient who was disabled is refused, and nothing is made", async () => {
    const { practitioner, patient } = await createWorld();
    const others = [await createPerson("PRACTITIONER"), await createPerson("INTERPRETER"), patient];
    await db().user.update({ where: { id: patient.userId }, data: { disabledAt: new Date() } });
    const before = await fingerprint();
    for (const { userId } of others) {
      const { email } = await db().user.findUniqueOrThrow({ where: { id: userId } });
      await expect(create(practitioner, { patientEmail: email })).rejects.toMatchObject({
        code: "validation-failed",
        details: { fields: { patientEmail: "not-a-patient" } },
      });
    }
    expect(await fingerprint()).toBe(before);
  });
});

describe("accepting an invitation", () => {
  it("A7 sets name and password, once; afterwards no link to the account works", async () => {
    const { inviter, address, consultation, token } = await invited();
    const second = await create(inviter, { patientEmail: address });
    const [mailed = ""] = await mailedTokens(address);
    const { userId, consultationId } = await accept(token);
    expect(consultationId).toBe(consultation.id);
    expect((await verifyCredentials(address, "a good password"))?.user).toMatchObject({
      id: userId,
      name: "Clara Neu",
    });
    for (const used of [token, mailed, second.invitation?.token ?? ""]) {
      await expect(readInvitation(used, FROM)).rejects.toMatchObject(notFound);
      await expect(accept(used, "Somebody Else")).rejects.toMatchObject(notFound);
    }
    expect((await verifyCredentials(address, "a good password"))?.user).toMatchObject({ name: "Clara Neu" });
  });

  it("F21 of ten who accept at once, by two links, one is first", async () => {
    const { inviter, address, consultation, token } = await invited();
    const { token: mailed } = await renewInvitation(inviter, consultation.id, "en");
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => accept(index % 2 ? token : mailed, `Winner ${index}`)),
    );
    const won = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    expect(won).toHaveLength(1);
    expect(await db().user.findUniqueOrThrow({ where: { email: address } })).toMatchObject({
      name: `Winner ${won[0]}`,
    });
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(notFound);
    }
  });

  it("A7 a link that has expired, one that never was, and one of a disabled person are answered alike", async () => {
    const [expired, disabled] = [await invited(), await invited()];
    const user = await db().user.findUniqueOrThrow({ where: { email: expired.address } });
    await db().invitation.updateMany({ where: { userId: user.id }, data: { expiresAt: new Date(Date.now() - 1) } });
    await db().user.update({ where: { email: disabled.address }, data: { disabledAt: new Date() } });
    const before = await fingerprint();
    for (const token of [expired.token, disabled.token, "A".repeat(43), "", "../..", `${expired.token}a`, "\u0000"]) {
      await expect(readInvitation(token, FROM)).rejects.toMatchObject(notFound);
      await expect(accept(token)).rejects.toMatchObject(notFound);
    }
    expect(await fingerprint()).toBe(before);
    // And a new consultation writes to them anew.
    const again = await create(expired.inviter, { patientEmail: expired.address });
    expect(await readInvitation(again.invitation?.token ?? "", FROM)).toMatchObject({ email: expired.address });
  });

  it("A7 no token is in the database, neither before nor after its mail was sent", async () => {
    const { address, token } = await invited();
    const [mailed = ""] = await mailedTokens(address);
    const tables = await db().$queryRaw<{ name: string }[]>`
      SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`;
    for (const { name } of tables) {
      for (const secret of [token, mailed]) {
        const rows = await db().$queryRawUnsafe<{ count: bigint }[]>(
          `SELECT count(*) FROM "${name}" t WHERE t::text LIKE '%' || $1 || '%'`,
          secret,
        );
        expect(rows[0]?.count, name).toBe(0n);
      }
    }
  });

  it("S3 of two who invite one new patient each is answered for themselves: the account opens to the first alone", async () => {
    const first = await invited();
    const other = await createPerson("PRACTITIONER");
    const second = await create(other, { patientEmail: first.address, patientName: "Other" });
    const { userId } = await accept(first.token);
    const claim = { userId, ...(await openSession(userId)) };
    const rows = await listConsultations(claim);
    expect(rows.map(({ id, request }) => [id, request !== undefined]).sort()).toEqual(
      [
        [first.consultation.id, false],
        [second.consultation.id, true],
      ].sort(),
    );
    await expect(readSnapshot(claim, second.consultation.id)).rejects.toMatchObject(notFound);
    // The other link goes on, to a page on which one signs in: it sets no password any more.
    expect(await readInvitation(second.invitation?.token ?? "", FROM)).toMatchObject({ account: true, name: "Other" });
    await expect(accept(second.invitation?.token ?? "", "Somebody Else")).rejects.toMatchObject(notFound);
    expect((await verifyCredentials(first.address, "a good password"))?.user).toMatchObject({ name: "Clara Neu" });
  });

  it("A7 the patient's link works on when the practitioner is not in it any more", async () => {
    const { inviter, address, consultation, token } = await invited();
    await db().participant.updateMany({
      where: { consultationId: consultation.id, userId: inviter.userId },
      data: { leftAt: new Date() },
    });
    await expect(readInvitation(token, FROM)).resolves.toMatchObject({ email: address });
  });

  it("A7 the mail says nothing of who or why, and comes in the language of the practice", async () => {
    const practitioner = await createPerson("PRACTITIONER", "Dr. Weber");
    const address = newAddress();
    await createConsultation(
      practitioner,
      request({ patientEmail: address, patientName: "Clara Neu", subject: "Cardiology" }),
      "de",
    );
    await mailSweepOnce();
    const mail = (await readSimulatedMail(10)).find(({ to }) => to === address);
    expect(mail?.subject).toBe("Ihre Einladung");
    expect(`${mail?.subject} ${mail?.text}`).not.toMatch(/Weber|Clara|Cardiology/);
  });

  it("A7 an invitation that was accepted before its mail went out is not sent any more", async () => {
    const { address, token } = await invited();
    await accept(token);
    expect(await mailedTokens(address)).toEqual([]);
  });
});

describe("an invitation that is open", () => {
  const state = async (person: Person, consultationId: string) => {
    const { participants } = await readSnapshot(person, consultationId);
    const [row] = await listConsultations(person);
    const open = participants.flatMap(({ invitation }) => invitation ?? []);
    return { row: row?.invitation, open, people: participants.length };
  };

  it("R8 is shown to everybody who takes part, in room and row, until it is accepted", async () => {
    const { inviter, consultation, token } = await invited();
    const ines = await createPerson("INTERPRETER");
    await addParticipant(inviter, consultation.id, ines);
    for (const person of [inviter, ines]) {
      const { row, open, people } = await state(person, consultation.id);
      expect(row).toMatchObject({ invitedAt: expect.any(String), expiresAt: expect.any(String) });
      const { userId: _, ...invitation } = row ?? {};
      expect([people, open]).toEqual([3, [invitation]]);
    }
    await accept(token);
    expect(await state(ines, consultation.id)).toEqual({ row: null, open: [], people: 3 });
  });

  it("R8 is sent again with a new link and a mail instead of the one that waits; earlier ones go on", async () => {
    const { inviter, address, consultation, token } = await invited();
    await db().invitation.updateMany({ where: { consultationId: consultation.id }, data: { createdAt: new Date(0) } });
    const renewed = await renewInvitation(inviter, consultation.id, "de");
    expect(Date.parse(renewed.expiresAt)).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    const { row } = await state(inviter, consultation.id);
    expect(row).toMatchObject({ invitedAt: renewed.invitedAt, expiresAt: renewed.expiresAt });
    const [mailed = "", ...more] = await mailedTokens(address);
    expect(more).toEqual([]);
    expect(mailed).toBe(renewed.token);
    for (const link of [token, mailed]) {
      expect(await readInvitation(link, FROM)).toMatchObject({ email: address });
    }
    await accept(mailed);
    await expect(renewInvitation(inviter, consultation.id, "de")).rejects.toMatchObject({ code: "invitation-closed" });
  });

  it("R8 is withdrawn in any state: the links to it end and say so, nobody is in it, and a waiting mail is not sent", async () => {
    for (const status of ["SCHEDULED", "IN_PROGRESS", "COMPLETED", "CANCELLED"] as const) {
      const { inviter, address, consultation, token } = await invited();
      await db().consultation.update({ where: { id: consultation.id }, data: { status } });
      const { event } = await withdrawInvitation(inviter, consultation.id);
      expect(event).toMatchObject({ type: "user-left", data: { message: { system: { invitation: "withdrawn" } } } });
      expect(await withdrawInvitation(inviter, consultation.id)).toEqual({ event: null });
      const withdrawn = { code: "not-found", details: { reason: "withdrawn" } };
      await expect(readInvitation(token, FROM)).rejects.toMatchObject(withdrawn);
      await expect(accept(token)).rejects.toMatchObject(withdrawn);
      expect(await mailedTokens(address)).toEqual([]);
      expect(await state(inviter, consultation.id)).toEqual({ row: null, open: [], people: 1 });
      await expect(renewInvitation(inviter, consultation.id, "en")).rejects.toMatchObject({
        code: "invitation-closed",
      });
    }
  });

  it("R8 UI4 one that was withdrawn is not opened by another practitioner's link either, which works on", async () => {
    const first = await invited();
    const other = await createPerson("PRACTITIONER");
    const second = await create(other, { patientEmail: first.address });
    await withdrawInvitation(first.inviter, first.consultation.id);
    const patient = await db().user.findUniqueOrThrow({ where: { email: first.address } });
    const outcomes = await Promise.allSettled((await mailedTokens(first.address)).map((token) => accept(token)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled"]);
    const { sessionId } = await openSession(patient.id);
    const claim = { sessionId, userId: patient.id };
    expect((await listConsultations(claim)).map(({ id }) => id)).toEqual([second.consultation.id]);
    await expect(readSnapshot(claim, first.consultation.id)).rejects.toMatchObject(notFound);
  });

  it("R8 of accepting and withdrawing at once one is first, and the log says which", async () => {
    for (let round = 0; round < 6; round++) {
      const { inviter, consultation, token } = await invited();
      const both = [() => accept(token), () => withdrawInvitation(inviter, consultation.id)];
      if (round % 2) both.reverse();
      const outcomes = await Promise.allSettled(both.map((start) => start()));
      const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
      expect(lost).toHaveLength(1);
      const { messages, participants } = await readSnapshot(inviter, consultation.id);
      const accepted = lost[0] === "invitation-closed";
      expect(messages.map(({ system }) => system?.type)).toEqual([accepted ? "user-joined" : "user-left"]);
      expect(participants).toHaveLength(accepted ? 2 : 1);
    }
  });

  it("R8 ATK35 only a practitioner of the consultation may renew or withdraw it, and a refusal changes nothing", async () => {
    const { inviter, consultation } = await invited();
    const ines = await createPerson("INTERPRETER");
    await addParticipant(inviter, consultation.id, ines);
    const stranger = await createPerson("PRACTITIONER");
    const gone = await createPerson("PRACTITIONER");
    await addParticipant(inviter, consultation.id, gone);
    await endSession(gone.sessionId);
    const known = await createWorld();
    const before = await fingerprint();
    for (const [person, id, code] of [
      [ines, consultation.id, "not-allowed"],
      [stranger, consultation.id, "not-found"],
      [gone, consultation.id, "session-ended"],
      [inviter, randomUUID(), "not-found"],
      [known.practitioner, known.consultationId, "invitation-closed"],
    ] as const) {
      await expect(renewInvitation(person, id, "en")).rejects.toMatchObject({ code });
      await expect(withdrawInvitation(person, id)).rejects.toMatchObject({ code });
    }
    expect(await fingerprint()).toBe(before);
  });

  it("R8 is not sent again once the consultation is over", async () => {
    const { inviter, consultation } = await invited();
    await db().consultation.update({ where: { id: consultation.id }, data: { status: "CANCELLED" } });
    await expect(renewInvitation(inviter, consultation.id, "en")).rejects.toMatchObject({ code: "consultation-state" });
  });
});

/** Hashes of every table but those of people and their sessions, which tests add to. */
function withoutPeople(fingerprint: string): string {
  return fingerprint
    .split("\n")
    .filter((line) => !/^(users|sessions):/.test(line))
    .join("\n");
}
