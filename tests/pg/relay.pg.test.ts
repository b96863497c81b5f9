import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { afterEach, describe, expect, it } from "vitest";
import { consultationChannel } from "@/lib/protocol/channels";
import { runtime, setRuntime } from "@/lib/runtime";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { pushState, startRelay, sweepOnce } from "@/lib/server/relay/process-relay";
import { databaseLease, relayLagMs } from "@/lib/server/relay/publication-lease";
import { type Listener, listen, useTestChannels } from "@/tests/support/channels";
import { useTestRuntime } from "@/tests/support/database";
import { createWorld, messageOf } from "@/tests/support/world";

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
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        sendMessage(index % 2 ? patient : practitioner, messageOf(consultationId, `${index}`)),
      ),
    );
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
