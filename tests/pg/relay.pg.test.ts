import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { v7 as uuidV7 } from "uuid";
import { afterEach, describe, expect, it, vi } from "vitest";
import { consultationChannel } from "@/lib/protocol/channels";
import { runtime, setRuntime } from "@/lib/runtime";
import type { Claim } from "@/lib/server/claim";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { announceCompletion } from "@/lib/server/commands/announce-completion";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { logger } from "@/lib/server/log";
import { readEvents } from "@/lib/server/queries/read-events";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { keepHouseOnce, startHousekeeping } from "@/lib/server/relay/housekeeping";
import { pushState, startRelay, sweepOnce } from "@/lib/server/relay/process-relay";
import { databaseLease, relayLagMs } from "@/lib/server/relay/publication-lease";
import { notifyRelays } from "@/lib/server/relay/wake-up";
import { type Listener, listen, useTestChannels } from "@/tests/support/channels";
import { useTestRuntime } from "@/tests/support/database";
import { startEntry, until } from "@/tests/support/processes";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();
const channels = useTestChannels();

const open: { close(): void }[] = [];
let relay: { stop(): Promise<void> } | null = null;

afterEach(async () => {
  for (const listener of open.splice(0)) listener.close();
  await relay?.stop();
  relay = null;
});

async function hear(consultationId: string): Promise<Listener> {
  const listener = await listen(consultationChannel(consultationId));
  open.push(listener);
  return listener;
}

const seqs = (listener: Listener) => listener.received.map(({ data }) => (data as { seq: number }).seq);

async function cursorOf(consultationId: string) {
  return db().publicationCursor.findUniqueOrThrow({
    where: { consultationId_sink: { consultationId, sink: "pusher" } },
  });
}

/** Waits until the cursor says that everything is published and the lease is given back. */
async function settled(consultationId: string, publishedSeq: number): Promise<void> {
  await expect
    .poll(() => cursorOf(consultationId), { timeout: 15_000 })
    .toMatchObject({ publishedSeq, dirty: false, leaseOwner: null, leaseUntil: null });
}

describe("publishing by the writer's own relay", () => {
  it("A2 a committed event is pushed under its type's name exactly as the log has it", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay();
    const { event } = await sendMessage(patient, messageOf(consultationId, "Grüße 👋"));
    await listener.waitFor(1);
    expect(listener.received).toEqual([{ name: "new-message", data: event }]);
    await settled(consultationId, 1);
    expect(await relayLagMs()).toBe(0);
  });

  it("SEQ1 every event of racing senders arrives once and in order", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay();
    // In waves: more at once would be refused on a busy machine (lib/server/log/turns.ts).
    for (let wave = 0; wave < 5; wave++) {
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          sendMessage(index % 2 ? patient : practitioner, messageOf(consultationId, `${wave * 40 + index}`)),
        ),
      );
    }
    await listener.waitFor(200);
    expect(seqs(listener)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    await settled(consultationId, 200);
  });

  it("F32 SEQ1 events that another process appends in between are pushed in their place", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay();
    const elsewhere = () => db().$queryRaw`SELECT send_message(
      ${practitioner.sessionId}::uuid, ${practitioner.userId}::uuid, ${consultationId}::uuid, ${uuidV7()}::uuid,
      'from another process', null, ${Uint8Array.from([1])}, null)`;
    for (let index = 0; index < 40; index++) {
      await (index % 3 === 1 ? elsewhere() : sendMessage(patient, messageOf(consultationId, `${index}`)));
    }
    await listener.waitFor(40);
    expect(seqs(listener)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    await settled(consultationId, 40);
  });

  it("an event over 9,000 bytes is pushed as a hint", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay();
    const { event } = await sendMessage(patient, messageOf(consultationId, "ä".repeat(4_000).concat()));
    const long = await sendMessage(patient, messageOf(consultationId, "€".repeat(4_000)));
    await listener.waitFor(2);
    expect(listener.received[0]?.data).toEqual(event);
    const { v, epoch, seq, type } = long.event;
    expect(listener.received[1]).toEqual({
      name: "new-message",
      data: { v, consultationId, epoch, seq, type, hint: true },
    });
  });

  it("PUSHER_PAYLOADS=hint lets no word leave the house", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    const before = runtime();
    setRuntime({ ...before, env: { ...before.env, pusherPayloads: "hint" } });
    try {
      relay = startRelay();
      await sendMessage(patient, messageOf(consultationId, "secret"));
      await listener.waitFor(1);
      expect(listener.received[0]?.data).toMatchObject({ hint: true, seq: 1 });
      expect(JSON.stringify(listener.received)).not.toContain("secret");
    } finally {
      setRuntime(before);
    }
  });

  it("RCV7 a position is pushed as a courtesy, once for each change", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay();
    await sendMessage(patient, messageOf(consultationId, "x"));
    await listener.waitFor(1);
    const { position } = await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await listener.waitFor(2);
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await sendMessage(patient, messageOf(consultationId, "y"));
    await listener.waitFor(3);
    expect(listener.received.map(({ name }) => name)).toEqual(["new-message", "message-read", "new-message"]);
    expect(listener.received[1]?.data).toMatchObject({ v: 1, consultationId, position });
  });
});

describe("publishing by the sweep", () => {
  it("F12 what was committed while no relay ran is published by the next one, in order", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    for (let index = 0; index < 25; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    expect(await cursorOf(consultationId)).toMatchObject({ publishedSeq: 0, dirty: true, leaseOwner: null });
    expect(await relayLagMs()).toBeGreaterThan(0);
    relay = startRelay();
    await listener.waitFor(25);
    expect(seqs(listener)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    await settled(consultationId, 25);
  });

  it("a relay that is stopped during its first sweep finishes what that sweep claimed", async () => {
    const { patient, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    await startRelay().stop();
    expect(await cursorOf(consultationId)).toMatchObject({ publishedSeq: 1, dirty: false, leaseOwner: null });
  });

  it("F33 a holder that died is replaced when its lease ends; the fence keeps it from moving the cursor afterwards", async () => {
    const { patient, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    const [dead] = (await databaseLease.claim(randomUUID(), 50)).filter((one) => one.consultationId === consultationId);
    if (!dead) return expect.unreachable();
    expect(
      (await databaseLease.claim(randomUUID(), 50)).filter((one) => one.consultationId === consultationId),
    ).toEqual([]);

    await db().$executeRaw`UPDATE publication_cursors SET lease_until = clock_timestamp() - interval '1 second'
      WHERE consultation_id = ${consultationId}::uuid`;
    const [heir] = (await databaseLease.claim(randomUUID(), 50)).filter((one) => one.consultationId === consultationId);
    expect(heir).toMatchObject({ fence: dead.fence + 1, events: [{ seq: 1 }] });
    expect(await databaseLease.advance(dead, 1)).toEqual({ outcome: "lost", events: [] });
    expect(await cursorOf(consultationId)).toMatchObject({ publishedSeq: 0, dirty: true });
    await databaseLease.postpone(dead);
    expect((await cursorOf(consultationId)).failures).toBe(0);
    if (heir) expect(await databaseLease.advance(heir, 1)).toEqual({ outcome: "ok", events: [] });
    await settled(consultationId, 1);
  });

  it("F33 three relays at once publish each consultation in order", async () => {
    const worlds = await Promise.all([createWorld(), createWorld(), createWorld(), createWorld()]);
    const listeners = await Promise.all(worlds.map(({ consultationId }) => hear(consultationId)));
    for (const { patient, consultationId } of worlds) {
      for (let index = 0; index < 30; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    }
    const counts = await Promise.all([sweepOnce(), sweepOnce(), sweepOnce()]);
    expect(counts.reduce((sum, { published }) => sum + published, 0)).toBe(120);
    for (const listener of listeners) {
      await listener.waitFor(30);
      expect(seqs(listener)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    }
  });

  it("F1 with Pusher down a send succeeds, clients are told to poll, and all is delivered in order when it is back", async () => {
    const { patient, consultationId } = await createWorld();
    relay = startRelay({ sweepEveryMs: 100 });
    await channels.stop();
    await sendMessage(patient, messageOf(consultationId, "1"));
    await expect.poll(() => pushState()).toBe("delayed");
    await sendMessage(patient, messageOf(consultationId, "2"));
    expect(await db().message.count({ where: { consultationId } })).toBe(2);

    await channels.restart();
    const listener = await hear(consultationId);
    await listener.waitFor(2);
    expect(seqs(listener)).toEqual([1, 2]);
    await settled(consultationId, 2);
    expect(pushState()).toBe("ok");
    expect((await cursorOf(consultationId)).failures).toBe(0);
  });
});

/** The holder's lease is so old. */
async function age(consultationId: string, seconds: number): Promise<void> {
  await db().$executeRaw`UPDATE publication_cursors
    SET lease_until = clock_timestamp() + make_interval(secs => ${10 - seconds}::float8)
    WHERE consultation_id = ${consultationId}::uuid`;
}

const claimOf = async (consultationId: string, owner: string, held: string[] = []) =>
  (await databaseLease.claim(owner, 50, held)).find((one) => one.consultationId === consultationId);

describe("the end of a lease", () => {
  it("F12 F33 a holder that died is replaced after a second, one that lives keeps its lease for ten", async () => {
    const { patient, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    const [owner, heir] = [randomUUID(), randomUUID()];
    const session = new pg.Client({ connectionString: runtime().databaseDirectUrl });
    await session.connect();
    await session.query("SELECT enter_relay($1::uuid)", [owner]);
    expect(await claimOf(consultationId, owner)).toBeDefined();
    await age(consultationId, 9);
    expect(await claimOf(consultationId, heir)).toBeUndefined();

    await session.end();
    await age(consultationId, 0.5);
    expect(await claimOf(consultationId, heir)).toBeUndefined();
    await age(consultationId, 1.5);
    // Long before the end that a living holder's lease would have.
    await expect
      .poll(() => claimOf(consultationId, heir), { timeout: 5_000 })
      .toMatchObject({ fence: 2, events: [{ seq: 1 }] });
  });

  it("F14 F22 a lease that was granted by an answer which got lost is found again by its own relay", async () => {
    const { patient, consultationId } = await createWorld();
    const owner = randomUUID();
    await db().$queryRaw`SELECT send_message(${patient.sessionId}::uuid, ${patient.userId}::uuid,
      ${consultationId}::uuid, ${uuidV7()}::uuid, 'x', null, ${Uint8Array.from([1])}, ${owner}::uuid)`;
    await age(consultationId, 1.5);
    expect(await claimOf(consultationId, owner, [consultationId])).toBeUndefined();
    expect(await claimOf(consultationId, owner)).toMatchObject({ fence: 2, events: [{ seq: 1 }] });
  });

  it("F33 a relay that was killed holding leases is replaced by the next sweeps, and its late cursor moves nothing", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    await sendMessage(patient, messageOf(consultationId, "x"));
    const dead = await claimOf(consultationId, randomUUID());
    if (!dead) return expect.unreachable();
    relay = startRelay({ sweepEveryMs: 200 });
    await listener.waitFor(1);
    await settled(consultationId, 1);
    await sendMessage(patient, messageOf(consultationId, "y"));
    expect(await databaseLease.advance(dead, 2)).toEqual({ outcome: "lost", events: [] });
    await databaseLease.postpone(dead);
    await settled(consultationId, 2);
  });
});

describe("processes that wake each other", () => {
  /** What another process does whose relay is off. */
  async function appendElsewhere(claim: { sessionId: string; userId: string }, consultationId: string): Promise<void> {
    const [row] = await db().$queryRaw<{ answer: { unheld: boolean } }[]>`SELECT send_message(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${uuidV7()}::uuid,
      'from another process', null, ${Uint8Array.from([1])}, null) AS answer`;
    notifyRelays(consultationId, row?.answer.unheld === true);
  }

  const relaysHere = async () => {
    const [row] = await db().$queryRaw<{ keys: number[] }[]>`SELECT relays_here() AS keys`;
    return row?.keys.length;
  };

  it("F32 an append of another process is pushed at once, whether nobody holds the consultation or a relay does", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay({ sweepEveryMs: 60_000 });
    await expect.poll(relaysHere).toBe(1);
    // Nobody sweeps meanwhile: what comes, comes because the relay was woken.
    for (let index = 1; index <= 20; index++) {
      await appendElsewhere(patient, consultationId);
      await listener.waitFor(index);
      if (index % 2) await settled(consultationId, index);
    }
    expect(seqs(listener)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("F16 a relay whose listening session was cut listens again, and finds what it was not told of", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    relay = startRelay({ sweepEveryMs: 60_000 });
    await expect.poll(relaysHere).toBe(1);
    await db().$queryRaw`SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'murph-relay'`;
    await expect.poll(relaysHere).toBe(0);
    await appendElsewhere(patient, consultationId);
    await listener.waitFor(1);
    await expect.poll(relaysHere).toBe(1);
    await appendElsewhere(patient, consultationId);
    await listener.waitFor(2);
  });

  it("F33 of four relays three are killed one after the other: every event is pushed, first times in order", async () => {
    const worlds = await Promise.all([createWorld(), createWorld(), createWorld()]);
    const listeners = await Promise.all(worlds.map(({ consultationId }) => hear(consultationId)));
    const env = { RUNTIME: JSON.stringify(runtime()), MURPH_LOG_LEVEL: "silent" };
    const relays = [1, 2, 3, 4].map(() => startEntry("tests/support/relay-process.ts", { env }));
    await until(() => relays.every((one) => one.output().includes("RELAY")), "the relays");

    let sending = true;
    let sent = 0;
    const sender = (async () => {
      while (sending) {
        await Promise.all(worlds.map(({ patient, consultationId }) => appendElsewhere(patient, consultationId)));
        sent += 1;
        await sleep(20);
      }
    })();
    for (const victim of relays.slice(1)) {
      const before = sent;
      await until(() => sent > before + 10, "more messages");
      victim.kill("SIGKILL");
    }
    sending = false;
    await sender;
    for (const [index, { consultationId }] of worlds.entries()) {
      await settled(consultationId, sent);
      const heard = seqs(listeners[index] as Listener);
      expect([...new Set(heard)]).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
    }
  }, 60_000);
});

describe("what cannot be told", () => {
  it("F34 an event whose words cannot be put together is pushed as a hint; its consultation and the others go on", async () => {
    const { patient, consultationId } = await createWorld();
    const other = await createWorld();
    const [here, there] = [await hear(consultationId), await hear(other.consultationId)];
    for (const content of ["1", "2", "3"]) await sendMessage(patient, messageOf(consultationId, content));
    await sendMessage(other.patient, messageOf(other.consultationId, "1"));
    // A system line that names its actor in no readable way.
    await db().$executeRaw`UPDATE messages SET kind = 'system', sender_id = null, content = null,
      system = '{"type": "consultation-started", "actorId": "nobody"}' WHERE consultation_id = ${consultationId}::uuid AND seq = 2`;
    relay = startRelay();
    await Promise.all([here.waitFor(3), there.waitFor(1)]);
    expect(seqs(here)).toEqual([1, 2, 3]);
    expect(here.received.map(({ data }) => (data as { hint?: boolean }).hint ?? false)).toEqual([false, true, false]);
    await settled(consultationId, 3);
  });

  it("F34 F38 an event of a type that only a later version knows is pushed as a hint", async () => {
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    await sendMessage(patient, messageOf(consultationId, "1"));
    await db().$executeRaw`WITH turn AS (SELECT * FROM take_turn(${consultationId}::uuid))
      SELECT append_event(${consultationId}::uuid, next_seq, at, 'from-the-future', null, null, '{}', null) FROM turn`;
    await sendMessage(patient, messageOf(consultationId, "3"));
    relay = startRelay();
    await listener.waitFor(3);
    expect(listener.received[1]).toMatchObject({ name: "from-the-future", data: { seq: 2, hint: true } });
    await settled(consultationId, 3);
  });
});

describe("what readers are told of live delivery", () => {
  const stateOf = async (patient: Claim, consultationId: string) => {
    const page = await readEvents(patient, consultationId, { after: 0, limit: 1 });
    if ("reset" in page) return expect.unreachable();
    return { push: page.push, pushLagMs: page.pushLagMs ?? -1 };
  };

  it("F1 CON2 without any relay an event is late after two seconds, and not once it is pushed; snapshots say the same", async () => {
    const { patient, consultationId } = await createWorld();
    expect(await stateOf(patient, consultationId)).toEqual({ push: "ok", pushLagMs: 0 });
    await sendMessage(patient, messageOf(consultationId, "x"));
    const fresh = await stateOf(patient, consultationId);
    expect(fresh.push).toBe(fresh.pushLagMs > 2_000 ? "delayed" : "ok");
    await expect
      .poll(() => stateOf(patient, consultationId))
      .toMatchObject({ push: "delayed", pushLagMs: expect.toSatisfy((lag: number) => lag > 2_000) });
    expect(await readSnapshot(patient, consultationId)).toMatchObject({ push: "delayed" });
    await sweepOnce();
    expect(await stateOf(patient, consultationId)).toEqual({ push: "ok", pushLagMs: 0 });
  });

  it("F1 CON2 a failure of another process is told at once, and no more when it is made good", async () => {
    const { patient, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    const claimed = await claimOf(consultationId, randomUUID());
    if (!claimed) return expect.unreachable();
    await databaseLease.postpone(claimed);
    expect((await stateOf(patient, consultationId)).push).toBe("delayed");
    expect(await claimOf(consultationId, randomUUID())).toBeUndefined();
    await databaseLease.revive();
    expect(await sweepOnce()).toEqual({ published: 1 });
    expect((await stateOf(patient, consultationId)).push).toBe("ok");
  });

  it("F2 a wrong secret: sends go on, readers are told, one loud line, nothing is lost when the secret is right again", async () => {
    const alert = vi.spyOn(logger(), "error");
    const { patient, consultationId } = await createWorld();
    const listener = await hear(consultationId);
    const before = runtime();
    setRuntime({ ...before, pusher: { ...before.pusher, secret: "rotated" } });
    relay = startRelay({ sweepEveryMs: 100 });
    for (let index = 0; index < 5; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    await expect.poll(() => pushState()).toBe("delayed");
    for (let index = 0; index < 5; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    expect((await stateOf(patient, consultationId)).push).toBe("delayed");
    expect(alert).toHaveBeenCalledTimes(1);
    expect(listener.received).toEqual([]);
    // What a restart with the right secret is.
    await relay.stop();
    setRuntime(before);
    relay = startRelay({ sweepEveryMs: 100 });
    await listener.waitFor(10);
    expect(seqs(listener)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    expect(pushState()).toBe("ok");
    vi.restoreAllMocks();
  });
});

describe("after somebody was removed", () => {
  const kinds = (listener: Listener) =>
    listener.received.map(({ name, data }) => [name, (data as { hint?: boolean }).hint ?? false]);

  async function withColleague() {
    const world = await createWorld();
    const colleague = await createPerson("INTERPRETER", "Ada");
    await addParticipant(world.practitioner, world.consultationId, { userId: colleague.userId });
    await sweepOnce();
    return { ...world, colleague };
  }

  it("F28 ATK102 UI4 a socket that never signed in and stays subscribed hears hints only, from the removal on and for good", async () => {
    const { patient, practitioner, colleague, consultationId } = await withColleague();
    const removed = await hear(consultationId);
    relay = startRelay();
    await sendMessage(patient, messageOf(consultationId, "before"));
    await removed.waitFor(1);
    await removeParticipant(practitioner, consultationId, { userId: colleague.userId });
    const { id } = messageOf(consultationId, "");
    await sendMessage(patient, messageOf(consultationId, "secret", id));
    await editMessage(patient, id, { content: "secret too" });
    await addParticipant(practitioner, consultationId, { userId: colleague.userId });
    await sendMessage(practitioner, messageOf(consultationId, "still secret"));
    await removed.waitFor(6);
    expect(kinds(removed)).toEqual([
      ["new-message", false],
      ["user-left", true],
      ["new-message", true],
      ["message-edited", true],
      ["user-joined", true],
      ["new-message", true],
    ]);
    expect(JSON.stringify(removed.received)).not.toContain("secret");
    expect(JSON.stringify(removed.received.slice(1))).not.toContain("Ada");
    await recordReceipt(patient, consultationId, { readUpToSeq: 7 });
    await removed.waitFor(7);
    expect(removed.received.at(-1)?.name).toBe("message-read");
  });

  it("F28 UI4 what was said before the removal and waits for a relay goes out as hints too", async () => {
    const { patient, practitioner, colleague, consultationId } = await withColleague();
    const removed = await hear(consultationId);
    await sendMessage(patient, messageOf(consultationId, "secret"));
    await removeParticipant(practitioner, consultationId, { userId: colleague.userId });
    await sendMessage(patient, messageOf(consultationId, "secret"));
    expect(await sweepOnce()).toEqual({ published: 3 });
    await removed.waitFor(3);
    expect(kinds(removed).map(([, hint]) => hint)).toEqual([true, true, true]);
  });

  it("F28 UI4 F32 a relay that holds the consultation learns of a removal by another process before its next push", async () => {
    const { patient, practitioner, colleague, consultationId } = await withColleague();
    const removed = await hear(consultationId);
    relay = startRelay();
    for (let index = 0; index < 20; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    await db().$queryRaw`SELECT remove_participant(${practitioner.sessionId}::uuid, ${practitioner.userId}::uuid,
      ${consultationId}::uuid, ${colleague.userId}::uuid, null)`;
    notifyRelays(consultationId, false);
    for (let index = 0; index < 20; index++) await sendMessage(patient, messageOf(consultationId, "secret"));
    await removed.waitFor(41);
    const from = seqs(removed).indexOf(22);
    expect(kinds(removed)[from]?.[0]).toBe("user-left");
    expect(
      kinds(removed)
        .slice(from)
        .every(([, hint]) => hint),
    ).toBe(true);
    expect(JSON.stringify(removed.received)).not.toContain("secret");
  });

  it("ATK10 F28 the removed person's signed-in sockets are ended within five seconds, without anybody waiting for it", async () => {
    const { practitioner, colleague, consultationId } = await withColleague();
    const channel = consultationChannel(consultationId);
    const removed = await listen(channel, { userId: colleague.userId });
    const stays = await listen(channel, { userId: practitioner.userId });
    open.push(removed, stays);
    await removeParticipant(practitioner, consultationId, { userId: colleague.userId });
    await expect.poll(() => removed.state(), { timeout: 5_000 }).toBe("disconnected");
    expect(stays.state()).toBe("connected");
  });
});

it("A7 an announced end comes by itself in every process with a relay, and is pushed", async () => {
  const { practitioner, consultationId } = await createWorld();
  const listener = await hear(consultationId);
  relay = startRelay();
  const housekeeping = startHousekeeping();
  try {
    await announceCompletion(practitioner, consultationId, { afterSeconds: 10, closingNote: "Rest." });
    await db().$executeRaw`UPDATE consultations SET closes_at = clock_timestamp() WHERE id = ${consultationId}::uuid`;
    await listener.waitFor(2);
    expect(listener.received[1]?.data).toMatchObject({ data: { status: "COMPLETED" }, seq: 2 });
  } finally {
    await housekeeping.stop();
  }
});

it("A7 E7 on a host without processes the cron sweep completes what is due, and publishes it in the same turn", async () => {
  const { practitioner, consultationId } = await createWorld();
  const listener = await hear(consultationId);
  await announceCompletion(practitioner, consultationId, { afterSeconds: 10, closingNote: null });
  await db().$executeRaw`UPDATE consultations SET closes_at = clock_timestamp() WHERE id = ${consultationId}::uuid`;
  expect(await keepHouseOnce()).toMatchObject({ published: 2 });
  await listener.waitFor(2);
  expect(listener.received[1]?.data).toMatchObject({ data: { status: "COMPLETED" } });
});
