import { randomUUID } from "node:crypto";
import pg from "pg";
import { v7 as uuidV7 } from "uuid";
import { afterEach, describe, expect, it, vi } from "vitest";
import { parseEnv } from "@/lib/env";
import { runtime, setRuntime } from "@/lib/runtime";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { logger } from "@/lib/server/log";
import { claimMails, planMail, recordFailure, recordSent, simulateSending } from "@/lib/server/mail/mail-queue";
import { mailSweepOnce, startMail } from "@/lib/server/mail/process-mail";
import { changePreferences } from "@/lib/server/preferences/preferences";
import { useTestRuntime } from "@/tests/support/database";
import { startEntry, until } from "@/tests/support/processes";
import { startSmtpServer, type TestSmtpServer } from "@/tests/support/smtp-server";
import { createConsultation, createPerson, createWorld, messageOf, type Person } from "@/tests/support/world";

/** Without any Pusher: mail neither waits for it nor asks it. */
const database = useTestRuntime({ MURPH_MAIL_DELAY_SECONDS: "120" });

/** Lets the database's past be so much longer ago: everything from which a mail's time is counted. */
async function pass(seconds: number, consultationId: string): Promise<void> {
  const ago = `${seconds} seconds`;
  await db().$transaction([
    db()
      .$executeRaw`UPDATE messages SET created_at = created_at - ${ago}::interval WHERE consultation_id = ${consultationId}::uuid`,
    db()
      .$executeRaw`UPDATE participants SET joined_at = joined_at - ${ago}::interval, read_at = read_at - ${ago}::interval
      WHERE consultation_id = ${consultationId}::uuid`,
    db().$executeRaw`UPDATE publication_cursors SET lease_until = lease_until - ${ago}::interval
      WHERE consultation_id = ${consultationId}::uuid AND sink = 'mail'`,
    db()
      .$executeRaw`UPDATE mail_outbox SET not_before = not_before - ${ago}::interval WHERE consultation_id = ${consultationId}::uuid`,
  ]);
}

const emailOf = async ({ userId }: Person) => (await db().user.findUniqueOrThrow({ where: { id: userId } })).email;

/** What lies in the simulated mailbox of this person, oldest first. */
async function mailbox(person: Person) {
  return db().simulatedMail.findMany({ where: { toAddress: await emailOf(person) }, orderBy: { sentAt: "asc" } });
}

const outboxOf = (consultationId: string) =>
  db().mail.findMany({ where: { consultationId }, orderBy: [{ createdAt: "asc" }, { id: "asc" }] });

const write = async (person: Person, consultationId: string, text = "words of a message") =>
  (await sendMessage(person, messageOf(consultationId, text))).event;

/** A world in which the practitioner has one unread message whose mail is due. */
async function dueWorld() {
  const world = await createWorld();
  await write(world.patient, world.consultationId);
  await pass(121, world.consultationId);
  return world;
}

describe("who is written to", () => {
  it("A4 one mail for a burst, after it was unread for two minutes", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await write(patient, consultationId);
    await write(patient, consultationId);
    await mailSweepOnce();
    await pass(60, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toEqual([]);

    await pass(61, consultationId);
    await write(patient, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(1);
    await pass(3_600, consultationId);
    await write(patient, consultationId);
    await mailSweepOnce();
    await pass(3_600, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(1);
    expect(await mailbox(patient)).toEqual([]);
  });

  it("A4 a burst whose first message is deleted after its mail is still the same burst", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { data } = await write(patient, consultationId);
    await write(patient, consultationId);
    await pass(121, consultationId);
    await mailSweepOnce();
    if (!("message" in data)) throw new Error("The event has no message");
    await deleteMessage(patient, data.message.id);
    await pass(3_600, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(1);
  });

  it("A4 ATK86 the mail says that there is something and where, and no word of it, no name, no subject", async () => {
    const { practitioner, consultationId } = await dueWorld();
    await mailSweepOnce();
    const [mail] = await mailbox(practitioner);
    expect(mail?.subject).toBe("New message");
    expect(mail?.text).toContain(`http://localhost:3000/consultations/${consultationId}\n`);
    expect(`${mail?.subject} ${mail?.text}`).not.toMatch(/words of a message|Anna|Weber|Test/);
  });

  it("A4 in the language that they have chosen", async () => {
    const { practitioner, consultationId } = await dueWorld();
    await changePreferences(practitioner, { locale: "de" });
    await mailSweepOnce();
    const [mail] = await mailbox(practitioner);
    expect(mail?.subject).toBe("Neue Nachricht");
    expect(mail?.text).toContain(`/consultations/${consultationId}`);
  });

  it("A4 who has read it in time gets none", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { seq } = await write(patient, consultationId);
    await mailSweepOnce();
    await pass(60, consultationId);
    await recordReceipt(practitioner, consultationId, { readUpToSeq: seq });
    await pass(3_600, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toEqual([]);
  });

  it("A4 a new burst begins once they have read", async () => {
    const { patient, practitioner, consultationId } = await dueWorld();
    await mailSweepOnce();
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await write(patient, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(1);
    await pass(121, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(2);
  });

  it("A4 what they left unread when they last read is mailed two minutes later, without another message", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    for (let index = 0; index < 3; index++) await write(patient, consultationId);
    await mailSweepOnce();
    await pass(121, consultationId);
    await mailSweepOnce();
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 2 });
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(1);
    await pass(121, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(2);
  });

  it("A4 a message that was deleted meanwhile is none, also when its mail was waiting already", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { data } = await write(patient, consultationId);
    await mailSweepOnce();
    await pass(121, consultationId);
    await planMail(120);
    expect(await outboxOf(consultationId)).toMatchObject([{ state: "waiting" }]);
    if (!("message" in data)) throw new Error("The event has no message");
    await deleteMessage(patient, data.message.id);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toEqual([]);
    await write(patient, consultationId);
    await mailSweepOnce();
    await pass(121, consultationId);
    await mailSweepOnce();
    expect(await mailbox(practitioner)).toHaveLength(1);
  });

  it.each([
    ["switched mail off", (person: Person) => changePreferences(person, { mail: false })],
    [
      "was disabled",
      ({ userId }: Person) => db().user.update({ where: { id: userId }, data: { disabledAt: new Date() } }),
    ],
    [
      "was removed",
      ({ userId }: Person) => db().participant.updateMany({ where: { userId }, data: { leftAt: new Date() } }),
    ],
    [
      "has not accepted the invitation",
      ({ userId }: Person) => db().user.update({ where: { id: userId }, data: { invitedAt: new Date() } }),
    ],
  ])("A4 nobody who %s, before or after the mail was planned", async (_what, change) => {
    const [early, late] = [await dueWorld(), await dueWorld()];
    await change(early.practitioner);
    await planMail(120);
    await change(late.practitioner);
    await mailSweepOnce();
    expect([...(await mailbox(early.practitioner)), ...(await mailbox(late.practitioner))]).toEqual([]);
  });

  it("A4 somebody who joins has two minutes for what was written before", async () => {
    const { consultationId } = await dueWorld();
    await mailSweepOnce();
    const interpreter = await createPerson("INTERPRETER");
    await db().participant.create({ data: { consultationId, userId: interpreter.userId, joinedAt: new Date() } });
    await db().publicationCursor.updateMany({ where: { consultationId, sink: "mail" }, data: { dirty: true } });
    await mailSweepOnce();
    expect(await mailbox(interpreter)).toEqual([]);
    await pass(121, consultationId);
    await mailSweepOnce();
    expect(await mailbox(interpreter)).toHaveLength(1);
  });

  it("A4 everybody for themselves", async () => {
    const people = [
      await createPerson("PATIENT"),
      await createPerson("PRACTITIONER"),
      await createPerson("INTERPRETER"),
    ];
    const [patient, practitioner, interpreter] = people as [Person, Person, Person];
    const consultationId = await createConsultation(people);
    const { seq } = await write(patient, consultationId);
    await recordReceipt(interpreter, consultationId, { readUpToSeq: seq });
    await write(practitioner, consultationId);
    await mailSweepOnce();
    await pass(121, consultationId);
    await mailSweepOnce();
    const counts = await Promise.all(people.map(async (person) => (await mailbox(person)).length));
    expect(counts).toEqual([1, 1, 1]);
    expect((await outboxOf(consultationId)).map(({ firstSeq }) => firstSeq).sort()).toEqual([1, 2, 2]);
  });
});

describe("nothing lost, nothing doubled", () => {
  it("F33 planners and senders beside each other and beside people who write: one mail each", async () => {
    const worlds = await Promise.all(Array.from({ length: 6 }, () => createWorld()));
    let writing = true;
    const planners = Array.from({ length: 4 }, async () => {
      while (writing) await planMail(0);
    });
    await Promise.all(
      worlds.map(async ({ patient, consultationId }) => {
        for (let index = 0; index < 15; index++) await write(patient, consultationId);
      }),
    );
    writing = false;
    await Promise.all(planners);
    await planMail(0);
    await Promise.all(Array.from({ length: 8 }, () => mailSweepOnce()));
    for (const { practitioner } of worlds) expect(await mailbox(practitioner)).toHaveLength(1);
    const dirty = await db().publicationCursor.count({
      where: { sink: "mail", dirty: true, consultationId: { in: worlds.map(({ consultationId }) => consultationId) } },
    });
    expect(dirty).toBe(0);
  });

  it("F33 a message that commits only after the planner has looked is planned later", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { seq } = await write(patient, consultationId);
    await recordReceipt(practitioner, consultationId, { readUpToSeq: seq });
    const client = new pg.Client({ connectionString: database().appUrl });
    await client.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT send_message($1, $2, $3, $4, 'late', NULL, '\\x01', NULL)", [
        patient.sessionId,
        patient.userId,
        consultationId,
        uuidV7(),
      ]);
      await planMail(0);
      await client.query("COMMIT");
    } finally {
      await client.end();
    }
    await planMail(0);
    expect((await outboxOf(consultationId)).map(({ firstSeq }) => firstSeq)).toEqual([seq + 1]);
  });

  it("F33 three senders of which one is killed in the middle of it: each mail once", { timeout: 60_000 }, async () => {
    const worlds = await Promise.all(Array.from({ length: 24 }, dueWorld));
    const readers = await Promise.all(worlds.map(({ practitioner }) => emailOf(practitioner)));
    const ids = worlds.map(({ consultationId }) => consultationId);
    const sent = () => db().simulatedMail.count({ where: { toAddress: { in: readers } } });
    const claimed = () => db().mail.count({ where: { consultationId: { in: ids }, attempts: { gt: 0 } } });
    const RUNTIME = JSON.stringify(runtime());
    silence("warn");
    const lock = new pg.Client({ connectionString: database().ownerUrl });
    await lock.connect();
    const mail = startMail();
    try {
      // Nobody can finish, so each of them has some in hand when one dies.
      await lock.query("BEGIN; LOCK TABLE mail_sink IN SHARE ROW EXCLUSIVE MODE");
      const [victim] = Array.from({ length: 2 }, () =>
        startEntry("tests/support/mail-process.ts", { env: { RUNTIME, NODE_ENV: "test", MURPH_LOG_LEVEL: "silent" } }),
      );
      await until(async () => (await claimed()) >= 15, "all three at work");
      victim?.kill("SIGKILL");
      await victim?.exited();
      await lock.query("COMMIT");
    } finally {
      await lock.end();
      await mail.stop();
    }
    await until(async () => {
      // What the dead one held waits for the end of its lease.
      await db().mail.updateMany({ where: { consultationId: { in: ids } }, data: { notBefore: null } });
      return (await sent()) >= 24;
    }, "all mails");
    await Promise.all(Array.from({ length: 3 }, () => mailSweepOnce()));
    expect(await sent()).toBe(24);
    for (const { practitioner } of worlds) expect(await mailbox(practitioner)).toHaveLength(1);
  });

  it("F33 a lease is one sender's; whoever comes after it has ended wins over the one who slept", async () => {
    const { practitioner, consultationId } = await dueWorld();
    await planMail(120);
    const mine = await claim(consultationId);
    expect((await claimMails(50)).mails.filter((mail) => mail.consultationId === consultationId)).toEqual([]);
    await pass(121, consultationId);
    const theirs = await claim(consultationId);
    const text = { to: theirs.to, subject: "New message", text: "" };
    await simulateSending(mine, text);
    expect(await mailbox(practitioner)).toEqual([]);
    await simulateSending(theirs, text);
    await simulateSending(theirs, text);
    await simulateSending(mine, text);
    expect(await mailbox(practitioner)).toHaveLength(1);
    expect([await recordSent(mine), await recordSent(theirs)]).toEqual([false, true]);
  });

  it("A4 a mail that had to wait is not sent any more when its reader came first", async () => {
    const { practitioner, consultationId } = await dueWorld();
    await planMail(120);
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await mailSweepOnce();
    expect([await mailbox(practitioner), await outboxOf(consultationId)]).toEqual([[], []]);
  });

  it("F33 by itself: planned and sent within seconds, and starting twice is an error", async () => {
    const { practitioner } = await dueWorld();
    const mail = startMail();
    try {
      expect(() => startMail()).toThrow();
      await until(async () => (await mailbox(practitioner)).length > 0, "the mail");
    } finally {
      await mail.stop();
    }
  });
});

const silence = (level: "warn" | "error") => vi.spyOn(logger(), level).mockImplementation(() => undefined);

async function claim(consultationId: string) {
  const { mails } = await claimMails(500);
  const mail = mails.find((one) => one.consultationId === consultationId);
  if (!mail) throw new Error("There was no mail to claim");
  for (const other of mails) if (other !== mail) await recordFailure(other, "provider");
  return mail;
}

describe("through a real mail server", () => {
  const open: TestSmtpServer[] = [];

  async function useSmtp(port?: number): Promise<TestSmtpServer> {
    // What earlier tests left behind is not for this server.
    await mailSweepOnce();
    const server = await startSmtpServer(port);
    open.push(server);
    pointTo(server.url);
    return server;
  }

  function pointTo(url: string): void {
    const { env } = parseEnv({
      SMTP_URL: url,
      MAIL_FROM: "Murph <murph@chat.example>",
      NEXTAUTH_URL: "https://chat.example",
    });
    setRuntime({ ...runtime(), env });
  }

  afterEach(async () => {
    vi.restoreAllMocks();
    setRuntime({ ...runtime(), env: parseEnv({ MURPH_MAIL_DELAY_SECONDS: "120" }).env });
    for (const server of open.splice(0)) await server.close();
    await db().mail.deleteMany({ where: { state: "waiting" } });
  });

  it("A4 one recipient, a sender, a date, an id of its own, plain words", async () => {
    const { practitioner, consultationId } = await dueWorld();
    const server = await useSmtp();
    const { consultationId: second } = await dueWorld();
    await mailSweepOnce();
    expect(server.accepted).toHaveLength(1);
    const [mail] = server.accepted;
    const [row] = await outboxOf(second);
    expect(mail?.headers).toEqual(
      expect.arrayContaining([
        "From: Murph <murph@chat.example>",
        `To: ${mail?.to[0]}`,
        "Subject: New message",
        `Message-ID: <${row?.id}@chat.example>`,
        "Auto-Submitted: auto-generated",
        expect.stringMatching(/^Content-Type: text\/plain/),
      ]),
    );
    expect(mail?.to).toHaveLength(1);
    expect(mail?.body).toContain(`https://chat.example/consultations/${second}`);
    expect(row).toMatchObject({ state: "sent", attempts: 1 });
    // Sent while mail was still simulated.
    expect([await mailbox(practitioner), (await outboxOf(consultationId)).length]).toEqual([[expect.anything()], 1]);
  });

  it("F40 accepted twice because the first answer was lost: one Message-ID, recorded once", async () => {
    const server = await useSmtp();
    const { consultationId } = await dueWorld();
    silence("warn");
    let cuts = 0;
    server.behave({ data: () => (cuts++ === 0 ? "cut" : undefined) });
    await mailSweepOnce();
    await pass(61, consultationId);
    await mailSweepOnce();
    await pass(3_600, consultationId);
    await mailSweepOnce();
    expect(server.accepted).toHaveLength(2);
    const ids = server.accepted.map(({ headers }) => headers.find((line) => line.startsWith("Message-ID:")));
    expect(new Set(ids).size).toBe(1);
    expect(await outboxOf(consultationId)).toMatchObject([{ state: "sent" }]);
  });

  it("F40 while the mail server is away chats go on and mails wait, told once; then each is sent once", async () => {
    const server = await useSmtp();
    const { port } = server;
    await server.close();
    open.length = 0;
    const warned = silence("warn");
    const worlds = [await dueWorld(), await dueWorld(), await dueWorld()];
    const mail = startMail();
    try {
      await until(() => warned.mock.calls.length > 0, "word of the outage");
      const begunAt = performance.now();
      for (const { practitioner, consultationId } of worlds) await write(practitioner, consultationId);
      expect(performance.now() - begunAt).toBeLessThan(20_000);
    } finally {
      await mail.stop();
    }
    const told = warned.mock.calls.map(([, words]) => words);
    expect(told.filter((words) => /mail server cannot be reached/.test(String(words)))).toHaveLength(1);
    for (const { consultationId } of worlds) {
      expect((await outboxOf(consultationId))[0]).toMatchObject({ state: "waiting", attempts: 0 });
    }
    const again = await startSmtpServer(port);
    open.push(again);
    await mailSweepOnce();
    await mailSweepOnce();
    expect(again.accepted).toHaveLength(3);
  });

  it("F40 F34 a recipient that the server refuses is parked with one alert, the others are sent", async () => {
    const server = await useSmtp();
    const alerts = silence("error");
    const [bad, good] = [await dueWorld(), await dueWorld()];
    const address = await emailOf(bad.practitioner);
    server.behave({ recipient: (to) => (to === address ? 550 : undefined) });
    await mailSweepOnce();
    await pass(86_400, bad.consultationId);
    await mailSweepOnce();
    expect(server.accepted.map(({ to }) => to)).toEqual([[await emailOf(good.practitioner)]]);
    expect(await outboxOf(bad.consultationId)).toMatchObject([{ state: "parked", attempts: 1 }]);
    expect(alerts).toHaveBeenCalledTimes(1);
    expect(describeCall(alerts.mock.calls[0])).not.toContain(address);
    expect(describeCall(alerts.mock.calls[0])).toContain("550");
  });

  it("F34 a mail that the server never takes is tried with growing pauses and parked in the end, with one alert", async () => {
    const server = await useSmtp();
    const alerts = silence("error");
    silence("warn");
    const bad = await dueWorld();
    server.behave({ data: () => 451 });
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 13; attempt++) {
      await mailSweepOnce();
      const [row] = await outboxOf(bad.consultationId);
      pauses.push(row?.notBefore ? Math.round((row.notBefore.getTime() - Date.now()) / 1_000) : -1);
      // Before its time it is not tried.
      if (attempt === 2) await mailSweepOnce();
      await pass(3_601, bad.consultationId);
    }
    expect(await outboxOf(bad.consultationId)).toMatchObject([{ state: "parked", attempts: 12 }]);
    expect(alerts).toHaveBeenCalledTimes(1);
    for (const [index, seconds] of [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600].entries()) {
      expect(pauses[index], `pause ${index + 1}`).toBeLessThanOrEqual(seconds + 1);
      expect(pauses[index], `pause ${index + 1}`).toBeGreaterThan(seconds * 0.6);
    }
    const next = await dueWorld();
    server.behave({});
    await mailSweepOnce();
    expect(server.accepted.map(({ to }) => to)).toEqual([[await emailOf(next.practitioner)]]);
  });

  it("F34 a mail that ends its sender again and again is parked without being tried once more", async () => {
    const alerts = silence("error");
    const { practitioner, consultationId } = await dueWorld();
    await planMail(120);
    for (let crash = 0; crash < 12; crash++) {
      await claim(consultationId);
      await pass(121, consultationId);
    }
    await mailSweepOnce();
    expect([await mailbox(practitioner), await outboxOf(consultationId)]).toMatchObject([[], [{ state: "parked" }]]);
    expect(alerts).toHaveBeenCalledTimes(1);
  });

  it.each([
    "a@x.example,b@y.example",
    '"a b"@x.example',
    "a＠x.example",
    "a@x.example\r\nbcc: b@y.example",
    "a@x.example>",
  ])("ATK82 %j never reaches a mail server, however it came into the database", async (email) => {
    const server = await useSmtp();
    const alerts = vi.spyOn(logger(), "error").mockImplementation(() => undefined);
    const { practitioner, consultationId } = await dueWorld();
    await db().user.update({ where: { id: practitioner.userId }, data: { email } });
    await mailSweepOnce();
    await db().user.update({ where: { id: practitioner.userId }, data: { email: `${randomUUID()}@murph.example` } });
    expect([server.accepted, await outboxOf(consultationId)]).toMatchObject([[], [{ state: "parked" }]]);
    expect(alerts).toHaveBeenCalledTimes(1);
  });
});

/** A log line as it would be written: the error without its words. */
function describeCall(call: unknown[] | undefined): string {
  const [line] = (call ?? []) as [{ err?: { name?: string; code?: string; message?: string } }?];
  return JSON.stringify({
    ...line,
    err: { name: line?.err?.name, code: line?.err?.code, message: line?.err?.message },
  });
}
