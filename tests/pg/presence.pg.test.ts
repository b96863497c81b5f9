import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Prisma } from "@/lib/generated/prisma/client";
import { userChannel } from "@/lib/protocol/channels";
import { userStatusChangeSchema } from "@/lib/protocol/notices";
import { terminateUserConnections } from "@/lib/pusher/server";
import { runtime } from "@/lib/runtime";
import { endSession } from "@/lib/server/accounts/sessions";
import { db } from "@/lib/server/db";
import { sweepPresence } from "@/lib/server/presence/ask";
import { settlePresence } from "@/lib/server/presence/settle";
import { touchPresence } from "@/lib/server/presence/touch";
import { heardFromProvider } from "@/lib/server/presence/webhook";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { canPushCourtesies, courtesiesSent } from "@/lib/server/relay/push-courtesy";
import { callFunction } from "@/lib/server/sql-function";
import { type Listener, listen, useTestChannels } from "@/tests/support/channels";
import { useTestRuntime } from "@/tests/support/database";
import { startEntry, until } from "@/tests/support/processes";
import { startPushProvider } from "@/tests/support/push-provider";
import { createConsultation, createPerson, createWorld } from "@/tests/support/world";

useTestRuntime();
const channels = useTestChannels();

const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 });

// A failure before pauses for a second.
beforeEach(() => soon(canPushCourtesies).toBe(true));

const open: Listener[] = [];
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

/** A tab of this person: its own channel is occupied as long as one of them is open. */
async function openTab(userId: string): Promise<Listener> {
  const listener = await listen(userChannel(userId));
  open.push(listener);
  return listener;
}

const changesIn = (listener: Listener) =>
  listener.received
    .filter(({ name }) => name === "user-status-change")
    .map(({ data }) => userStatusChangeSchema.parse(data));

async function isOnline(userId: string): Promise<boolean> {
  const [row] = await db().$queryRaw<{ online: boolean }[]>`SELECT is_online(${userId}::uuid) AS online`;
  return row?.online === true;
}

/** Lets the database's clock run: everything noted of these people is so much older. */
async function age(seconds: number, ...userIds: string[]): Promise<void> {
  const by = Prisma.sql`make_interval(secs => ${seconds}::float8)`;
  await db().$executeRaw`UPDATE user_presence SET seen_at = seen_at - ${by}, connected_at = connected_at - ${by},
    asked_at = asked_at - ${by}, missed_at = missed_at - ${by} WHERE user_id = ANY (${userIds}::uuid[])`;
}

const webhook = (...events: [name: string, channel: string][]) =>
  heardFromProvider(
    Buffer.from(JSON.stringify({ time_ms: 1, events: events.map(([name, channel]) => ({ name, channel })) })),
  );
const vacated = (userId: string) => webhook(["channel_vacated", userChannel(userId)]);
const occupied = (userId: string) => webhook(["channel_occupied", userChannel(userId)]);
const isMissing = async (userId: string) =>
  (await db().userPresence.findUnique({ where: { userId } }))?.missedAt instanceof Date;

/** Until the provider has noticed that the last tab of this person was closed, and was asked. */
async function missed(userId: string): Promise<void> {
  await until(async () => {
    vacated(userId);
    return isMissing(userId);
  }, "the provider to miss them");
}

/** As if the three seconds of grace were over. */
async function isGoneForGood(userId: string): Promise<void> {
  await missed(userId);
  await age(3, userId);
  vacated(userId);
  await soon(() => isOnline(userId)).toBe(false);
}

/** From now on a provider that knows of nobody; when it was asked about everybody. */
async function questionsAboutAll(): Promise<number[]> {
  const provider = await startPushProvider();
  const questions: number[] = [];
  provider.behave = ({ at }, response, request) => {
    if (request.url?.startsWith(`/apps/${runtime().pusher.appId}/channels?`)) questions.push(at);
    response.end("{}");
  };
  return questions;
}

describe("whoever calls us is here", () => {
  it("C5 a call makes its person online for 45 seconds, and the counterpart is told both", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const tab = await openTab(practitioner.userId);
    touchPresence(practitioner);
    await soon(() => isOnline(practitioner.userId)).toBe(true);

    touchPresence(patient);
    await tab.waitFor(1);
    const { participants } = await readSnapshot(practitioner, consultationId);
    const seen = participants.find(({ user }) => user.id === patient.userId);
    expect(seen).toMatchObject({ online: true, lastActiveAt: expect.any(String) });
    expect(changesIn(tab)).toEqual([
      { v: 1, userId: patient.userId, status: "online", lastActiveAt: seen?.lastActiveAt },
    ]);

    await age(38, patient.userId);
    await settlePresence(null);
    expect(await isOnline(patient.userId)).toBe(true);
    await age(8, patient.userId);
    expect(await isOnline(patient.userId)).toBe(false);
    await settlePresence(null);
    await tab.waitFor(2);
    expect(changesIn(tab)[1]).toMatchObject({ userId: patient.userId, status: "offline" });
    await settlePresence(null);
    await courtesiesSent();
    expect(changesIn(tab)).toHaveLength(2);
  });

  it("ATK103 a token whose session has ended keeps nobody online", async () => {
    const { patient } = await createWorld();
    await endSession(patient.sessionId);
    touchPresence(patient);
    const after = await createPerson("PATIENT");
    touchPresence(after);
    await soon(() => isOnline(after.userId)).toBe(true);
    expect(await isOnline(patient.userId)).toBe(false);
    expect(await db().userPresence.findUnique({ where: { userId: patient.userId } })).toBeNull();
  });

  it("C5 a hundred calls within seconds are one note, which no call waits for", async () => {
    const { patient } = await createWorld();
    touchPresence(patient);
    const noteOf = () => db().userPresence.findUnique({ where: { userId: patient.userId } });
    // The note is written first, that the others were told of it a moment later.
    await soon(noteOf).toMatchObject({ toldOnline: true });
    const noted = await noteOf();
    for (let call = 0; call < 100; call++) touchPresence(patient);
    const after = await createPerson("PATIENT");
    touchPresence(after);
    await soon(() => isOnline(after.userId)).toBe(true);
    expect(await noteOf()).toEqual(noted);
  });
});

describe("whose channel is occupied is here", () => {
  it("C5 C8 of two tabs one is closed: still online; the other too: offline after three seconds, and told", async () => {
    const { patient, practitioner } = await createWorld();
    const watcher = await openTab(practitioner.userId);
    touchPresence(practitioner);
    await soon(() => isOnline(practitioner.userId)).toBe(true);
    const [first, second] = [await openTab(patient.userId), await openTab(patient.userId)];
    occupied(patient.userId);
    await watcher.waitFor(1);

    first.close();
    vacated(patient.userId);
    await sweepPresence(0);
    expect(await isOnline(patient.userId)).toBe(true);
    expect(await isMissing(patient.userId)).toBe(false);

    second.close();
    await missed(patient.userId);
    expect(await isOnline(patient.userId)).toBe(true);
    // The second look comes by itself.
    await watcher.waitFor(2);
    expect(changesIn(watcher).map(({ status }) => status)).toEqual(["online", "offline"]);
    expect(await isOnline(patient.userId)).toBe(false);
  });

  it("C5 a reload within the grace says nothing to anybody", async () => {
    const { patient, practitioner } = await createWorld();
    const watcher = await openTab(practitioner.userId);
    touchPresence(practitioner);
    await soon(() => isOnline(practitioner.userId)).toBe(true);
    const before = await openTab(patient.userId);
    occupied(patient.userId);
    await watcher.waitFor(1);
    before.close();
    await missed(patient.userId);
    await openTab(patient.userId);
    occupied(patient.userId);
    await soon(() => isMissing(patient.userId)).toBe(false);
    await settlePresence(null);
    await courtesiesSent();
    expect(await isOnline(patient.userId)).toBe(true);
    expect(changesIn(watcher)).toHaveLength(1);
  });

  it("F35 webhooks doubled, late and in the wrong order never change what the provider says", async () => {
    const { patient } = await createWorld();
    const tab = await openTab(patient.userId);
    occupied(patient.userId);
    await soon(() => isOnline(patient.userId)).toBe(true);
    for (let times = 0; times < 20; times++) vacated(patient.userId);
    await age(10, patient.userId);
    for (let times = 0; times < 20; times++) vacated(patient.userId);
    await sweepPresence(0);
    expect(await isOnline(patient.userId)).toBe(true);
    expect(await isMissing(patient.userId)).toBe(false);

    tab.close();
    await isGoneForGood(patient.userId);
    for (let times = 0; times < 20; times++) occupied(patient.userId);
    const other = await createPerson("PATIENT");
    await openTab(other.userId);
    occupied(other.userId);
    await soon(() => isOnline(other.userId)).toBe(true);
    expect(await isOnline(patient.userId)).toBe(false);
  });

  it("F35 missing webhooks are repaired by the sweep, both ways; one process at a time sweeps", async () => {
    const { patient } = await createWorld();
    const tab = await openTab(patient.userId);
    await sweepPresence(0);
    expect(await isOnline(patient.userId)).toBe(true);

    const questions = await questionsAboutAll();
    await Promise.all(Array.from({ length: 5 }, () => sweepPresence(28)));
    expect(questions).toHaveLength(0);
    await db().$executeRaw`UPDATE presence_sweeps SET begun_at = begun_at - interval '30 seconds'`;
    await Promise.allSettled(Array.from({ length: 5 }, () => sweepPresence(28)));
    expect(questions).toHaveLength(1);
    expect(await isOnline(patient.userId)).toBe(true);
    tab.close();
  });

  it("F35 after a missed leave two sweeps take somebody offline", async () => {
    const { patient } = await createWorld();
    const tab = await openTab(patient.userId);
    await sweepPresence(0);
    tab.close();
    await until(async () => {
      await sweepPresence(0);
      return isMissing(patient.userId);
    }, "the provider to miss them");
    await age(3, patient.userId);
    await sweepPresence(0);
    expect(await isOnline(patient.userId)).toBe(false);
  });

  it("F35 a slow answer to an earlier question does not undo that of a later one", async () => {
    const { patient } = await createWorld();
    const [times] = await db().$queryRaw<{ earlier: Date; now: Date }[]>`
      SELECT clock_timestamp() - interval '5 seconds' AS earlier, clock_timestamp() AS now`;
    if (!times) return expect.unreachable();
    const answer = (at: Date, isThere: boolean) =>
      callFunction(
        Prisma.sql`confirm_presence(${at}::timestamptz, ${isThere ? [patient.userId] : []}::uuid[], ${isThere ? [] : [patient.userId]}::uuid[])`,
      );
    await answer(times.now, true);
    await answer(times.earlier, false);
    expect(await isMissing(patient.userId)).toBe(false);

    await age(20, patient.userId);
    const [again] = await db().$queryRaw<{ now: Date; later: Date }[]>`
      SELECT clock_timestamp() AS now, clock_timestamp() + interval '4 seconds' AS later`;
    if (!again) return expect.unreachable();
    await answer(again.now, false);
    await answer(again.later, false);
    expect(await isOnline(patient.userId)).toBe(false);
    await answer(again.now, true);
    expect(await isOnline(patient.userId)).toBe(false);
  });

  it("ATK23 F35 webhooks about strangers, in foreign channels or of other shapes change nothing", async () => {
    const before = await db().userPresence.count();
    const stranger = randomUUID();
    heardFromProvider(Buffer.from("null"));
    heardFromProvider(Buffer.from("{"));
    heardFromProvider(Buffer.from('{"events":{"0":1}}'));
    heardFromProvider(Buffer.from(JSON.stringify({ events: [null, 1, "x", {}, { name: "channel_occupied" }] })));
    webhook(["channel_occupied", userChannel(stranger)], ["channel_vacated", userChannel(stranger)]);
    webhook(["member_added", `presence-consultation-${stranger}`], ["channel_occupied", `x${userChannel(stranger)}`]);
    const { patient } = await createWorld();
    await openTab(patient.userId);
    occupied(patient.userId);
    await soon(() => isOnline(patient.userId)).toBe(true);
    expect(await db().userPresence.count()).toBe(before + 1);
  });

  it("ATK23 a webhook about thousands of channels is one question, not one each", async () => {
    const provider = await startPushProvider();
    const asked: string[] = [];
    provider.behave = (_call, response, { url = "" }) => {
      asked.push(url.split("?")[0] ?? "");
      response.end('{"channels":{}}');
    };
    const strangers = Array.from({ length: 3_000 }, () => userChannel(randomUUID()));
    webhook(...strangers.map((channel): [string, string] => ["channel_occupied", channel]));
    await soon(() => asked.filter((path) => path.endsWith("/channels")).length).toBe(1);
    expect(strangers.filter((channel) => asked.some((path) => path.endsWith(channel)))).toEqual([]);
  });

  it("C5 an answer is good for 90 seconds where nobody can be asked any more", async () => {
    const { patient } = await createWorld();
    await openTab(patient.userId);
    await sweepPresence(0);
    await channels.stop();
    try {
      await expect(sweepPresence(0)).rejects.toThrow();
      await age(80, patient.userId);
      expect(await isOnline(patient.userId)).toBe(true);
      await age(11, patient.userId);
      expect(await isOnline(patient.userId)).toBe(false);
    } finally {
      await channels.restart();
    }
  });
});

describe("whoever is told", () => {
  it("C5 only online counterparts of unfinished consultations: nobody who left, nobody of a finished one, no stranger", async () => {
    const { patient, practitioner } = await createWorld();
    const [finished, left, scheduled, offline, stranger] = await Promise.all(
      ["finished", "left", "scheduled", "offline", "stranger"].map((name) => createPerson("PRACTITIONER", name)),
    );
    if (!finished || !left || !scheduled || !offline || !stranger) return expect.unreachable();
    await createConsultation([patient, finished], "COMPLETED");
    await createConsultation([patient, finished], "CANCELLED");
    await createConsultation([patient, scheduled, offline], "SCHEDULED");
    const id = await createConsultation([patient, left, practitioner]);
    await db().participant.updateMany({
      where: { consultationId: id, userId: left.userId },
      data: { leftAt: new Date() },
    });

    const here = [practitioner, finished, left, scheduled, stranger];
    const tabs = await Promise.all(here.map(({ userId }) => openTab(userId)));
    await sweepPresence(0);
    await courtesiesSent();
    const before = tabs.map((tab) => changesIn(tab).length);
    touchPresence(patient);
    const heard = (index: number) => changesIn(tabs[index] as Listener).length > (before[index] ?? 0);
    await until(() => heard(0) && heard(3), "the change");
    await courtesiesSent();
    expect(tabs.map((tab, index) => changesIn(tab).length - (before[index] ?? 0))).toEqual([1, 0, 0, 1, 0]);
    expect(await isOnline(offline.userId)).toBe(false);
  });

  it("F1 a change that came while nothing could be pushed is told afterwards, as it is then", async () => {
    const { patient, practitioner } = await createWorld();
    touchPresence(practitioner);
    await soon(() => isOnline(practitioner.userId)).toBe(true);
    const provider = await startPushProvider();
    provider.refuse(500);
    touchPresence(patient);
    await soon(() => provider.calls.length).toBeGreaterThan(0);
    await courtesiesSent();
    // Dropped with the pause: that is told by the list's own reading. What changes during the pause is not lost.
    await age(46, patient.userId);
    await settlePresence(null);
    provider.behave = provider.accept;
    await soon(async () => {
      await settlePresence(null);
      await courtesiesSent();
      return provider.accepted.find(({ data }) => data.userId === patient.userId)?.data;
    }).toMatchObject({ status: "offline" });
  });
});

it("C5 F13 the only process is killed: who was online grows offline by itself, and the next process says so", async () => {
  const { patient, practitioner } = await createWorld();
  const watcher = await openTab(practitioner.userId);
  const tab = await openTab(patient.userId);
  const env = { RUNTIME: JSON.stringify(runtime()), MURPH_LOG_LEVEL: "silent" };
  const first = startEntry("tests/support/relay-process.ts", { env });
  await until(() => isOnline(patient.userId), "the first sweep");
  await until(() => changesIn(watcher).some(({ userId }) => userId === patient.userId), "the word of it");
  first.kill("SIGKILL");
  await first.exited();
  tab.close();
  await age(91, patient.userId);
  expect(await isOnline(patient.userId)).toBe(false);

  startEntry("tests/support/relay-process.ts", { env });
  await until(
    () => changesIn(watcher).filter(({ userId }) => userId === patient.userId).length === 2,
    "the word of it",
  );
  expect(changesIn(watcher).at(-1)).toMatchObject({ userId: patient.userId, status: "offline" });
}, 60_000);

it("ATK10 F28 terminating a person ends the sockets that are signed in as them, and no others", async () => {
  const { patient, practitioner } = await createWorld();
  const sockets = await Promise.all(
    [patient, patient, practitioner].map(({ userId }) => listen(userChannel(userId), { userId })),
  );
  open.push(...sockets);
  await terminateUserConnections(patient.userId);
  await soon(() => sockets.map((socket) => socket.state())).toEqual(["disconnected", "disconnected", "connected"]);
});
