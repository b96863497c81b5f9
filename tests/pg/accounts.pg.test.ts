import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { requestPasswordReset, resetPassword } from "@/lib/server/accounts/forgotten-password";
import { hashPassword } from "@/lib/server/accounts/password";
import { endOtherSessions, listSessions, openSession } from "@/lib/server/accounts/sessions";
import { verifyCredentials } from "@/lib/server/accounts/verify-credentials";
import { db } from "@/lib/server/db";
import { mailSweepOnce } from "@/lib/server/mail/process-mail";
import { readSimulatedMail } from "@/lib/server/mail/read-simulated-mail";
import { readViewer } from "@/lib/server/queries/read-viewer";
import { useTestRuntime } from "@/tests/support/database";
import { createPerson, fingerprint, type Person } from "@/tests/support/world";

useTestRuntime({ MURPH_RATE_SIGN_IN: "12" });

/** Each test asks from an address of its own: how often one may ask is counted. */
const newAddress = () => `192.0.2.${randomUUID()}`;

/** And waits until it was looked whether there is such an account. */
const ask = async (...asked: Parameters<typeof requestPasswordReset>) => (await requestPasswordReset(...asked)).looked;

async function emailOf({ userId }: Person): Promise<string> {
  return (await db().user.findUniqueOrThrow({ where: { id: userId } })).email;
}

async function mailsTo(address: string) {
  await mailSweepOnce();
  return (await readSimulatedMail(100)).filter(({ to }) => to === address);
}

async function linksTo(address: string): Promise<string[]> {
  return (await mailsTo(address)).flatMap(({ text }) => /\/reset\/(\S+)/.exec(text)?.[1] ?? []);
}

async function forgetful() {
  const person = await createPerson("PATIENT");
  const email = await emailOf(person);
  await ask(email, newAddress(), "en");
  const [token = ""] = await linksTo(email);
  return { person, email, token };
}

const reset = (token: string, password = "a new password") => resetPassword(token, password, newAddress(), "en");
const ended = { code: "session-ended" };
const notFound = { code: "not-found" };

describe("a forgotten password", () => {
  it("S3 ATK73 a link in the mailbox sets it once, ends every session and every other link, and its owner is told", async () => {
    const { person, email, token } = await forgetful();
    await ask(email, newAddress(), "en");
    const other = (await linksTo(email)).find((link) => link !== token) ?? "";
    const { userId, proof } = await reset(token);
    expect(userId).toBe(person.userId);
    expect(await verifyCredentials(email, "a new password")).toMatchObject({ user: { id: userId }, proof });
    await expect(readViewer(person)).rejects.toMatchObject(ended);
    for (const link of [token, other]) await expect(reset(link, "another one")).rejects.toMatchObject(notFound);
    expect((await mailsTo(email)).map(({ subject }) => subject)).toContain("Your password was changed");
  });

  it("S3 of ten at once with one link one sets the password", async () => {
    const { email, token } = await forgetful();
    const words = Array.from({ length: 10 }, (_, index) => `password number ${index}`);
    const outcomes = await Promise.allSettled(words.map((word) => reset(token, word)));
    const done = words.filter((_, index) => outcomes[index]?.status === "fulfilled");
    expect(done).toHaveLength(1);
    expect(await verifyCredentials(email, done[0] ?? "")).not.toBeNull();
  });

  it("S3 a link ends after an hour, and its mail is not sent any more", async () => {
    const { email, token } = await forgetful();
    await ask(email, newAddress(), "en");
    await db().passwordReset.updateMany({
      data: { expiresAt: new Date(Date.now() - 1_000) },
      where: { user: { email } },
    });
    await expect(reset(token)).rejects.toMatchObject(notFound);
    expect(await linksTo(email)).toEqual([token]);
  });

  it("S3 lives an hour, by the database's clock, and nothing that is stored opens it", async () => {
    const { email, token } = await forgetful();
    const row = await db().passwordReset.findFirstOrThrow({ where: { user: { email } } });
    expect(row.expiresAt.getTime() - row.createdAt.getTime()).toBe(3_600_000);
    const [stored] = await db().simulatedMail.findMany({ where: { toAddress: email } });
    expect(stored?.text).not.toContain(token);
    for (const guess of [row.id, Buffer.from(row.tokenHash).toString("base64url"), ""]) {
      await expect(reset(guess)).rejects.toMatchObject(notFound);
    }
  });

  it("S3 nobody is written to who has no account, an invitation only, or one that was closed; nothing differs", async () => {
    const [invited, disabled] = [await createPerson("PATIENT"), await createPerson("PATIENT")];
    await db().user.update({ where: { id: invited.userId }, data: { invitedAt: new Date() } });
    await db().user.update({ where: { id: disabled.userId }, data: { disabledAt: new Date() } });
    const before = await fingerprint();
    for (const email of [`${randomUUID()}@nowhere.example`, await emailOf(invited), await emailOf(disabled)]) {
      expect(await ask(email, newAddress(), "en")).toBeUndefined();
    }
    expect(await fingerprint()).toBe(before);
  });

  it("S3 whoever asks is answered before anybody looks whether there is such an account", async () => {
    const { email, person } = await forgetful();
    let looked = Promise.resolve();
    // Whoever looks has to wait for this row, and only where there is one.
    await db().$transaction(async (held) => {
      await held.$queryRaw`SELECT id FROM users WHERE id = ${person.userId}::uuid FOR UPDATE`;
      ({ looked } = await requestPasswordReset(email, newAddress(), "en"));
    });
    await looked;
    expect(await linksTo(email)).toHaveLength(2);
  });

  it("S3 three mails an hour, however often it is asked for, and the links that were sent go on", async () => {
    const { email, token } = await forgetful();
    await Promise.all(Array.from({ length: 6 }, () => ask(email, newAddress(), "en")));
    expect(await linksTo(email)).toHaveLength(3);
    expect(await reset(token)).toMatchObject({ proof: expect.any(String) });
  });

  it("S3 a link that was used stands in nobody's way: who forgets again within the hour is written to again", async () => {
    const { email, token } = await forgetful();
    for (let count = 0; count < 3; count++) await ask(email, newAddress(), "en");
    expect(await linksTo(email)).toHaveLength(3);
    await reset(token);
    await ask(email, newAddress(), "en");
    const links = await linksTo(email);
    expect(links).toHaveLength(4);
    expect(await reset(links[0] ?? "", "a third password")).toMatchObject({ proof: expect.any(String) });
  });

  it("S3 one address asks twice as often in ten minutes as wrong passwords cost nothing, then it is told to wait", async () => {
    const address = newAddress();
    const again = () => ask(`${randomUUID()}@nowhere.example`, address, "en");
    await Promise.all(Array.from({ length: 24 }, again));
    await expect(again()).rejects.toMatchObject({ code: "rate-limited", retryAfterSeconds: expect.any(Number) });
  });
});

describe("sessions", () => {
  it("S3 a password that was changed while somebody signed in with the old one opens no session", async () => {
    const { person, token } = await forgetful();
    const old = await hashPassword("the old password");
    await db().user.update({ where: { id: person.userId }, data: { passwordHash: old } });
    await reset(token);
    await expect(openSession(person.userId, { proof: old })).rejects.toMatchObject(ended);
    expect(await db().session.count({ where: { userId: person.userId, endedAt: null } })).toBe(0);
  });

  it("S3 are listed with what the browser called itself, here first, and ended one by one or all others at once", async () => {
    const person = await createPerson("PRACTITIONER");
    const stranger = await createPerson("PRACTITIONER");
    const open = async (userAgent: string) => ({
      ...person,
      ...(await openSession(person.userId, { userAgent })),
    });
    const [phone, tablet] = [await open("phone"), await open("x".repeat(1_000))];
    expect((await listSessions(phone)).map(({ here, userAgent }) => [here, userAgent?.length ?? null])).toEqual([
      [true, 5],
      [false, 300],
      [false, null],
    ]);
    await endOtherSessions(stranger, tablet.sessionId);
    await endOtherSessions(phone, phone.sessionId);
    expect(await listSessions(phone)).toHaveLength(3);
    await endOtherSessions(phone, tablet.sessionId);
    await expect(readViewer(tablet)).rejects.toMatchObject(ended);
    expect((await listSessions(phone)).map(({ id }) => id)).toEqual([phone.sessionId, person.sessionId]);
    await endOtherSessions(phone, null);
    await expect(listSessions(person)).rejects.toMatchObject(ended);
    await expect(endOtherSessions(person, null)).rejects.toMatchObject(ended);
    expect((await listSessions(phone)).map(({ id }) => id)).toEqual([phone.sessionId]);
    expect(await readViewer(stranger)).toMatchObject({ id: stranger.userId });
  });
});
