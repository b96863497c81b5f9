import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { applyMigrations } from "@/lib/boot/migrate";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import type { SendMessage } from "@/lib/protocol/commands";
import { runtime, setRuntime } from "@/lib/runtime";
import type { Claim } from "@/lib/server/claim";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { setReaction } from "@/lib/server/commands/set-reaction";
import { db } from "@/lib/server/db";
import { toAppError } from "@/lib/server/http/error-response";
import { readEvents } from "@/lib/server/queries/read-events";
import { checkParticipant, readViewer } from "@/lib/server/queries/read-viewer";
import { allEvents, expectGapless } from "@/tests/support/commands";
import { useTestRuntime } from "@/tests/support/database";
import { startPostgresProxy } from "@/tests/support/faults/postgres-proxy";
import { clusterOf, postmasterPid, until } from "@/tests/support/processes";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

const database = useTestRuntime();

/** The app's pool reaches its database through a proxy until the test ends. */
async function throughProxy() {
  const before = runtime();
  const proxy = await startPostgresProxy({ port: Number(new URL(before.databaseUrl).port) });
  const databaseUrl = proxy.through(before.databaseUrl);
  setRuntime({ ...before, databaseUrl, databaseDirectUrl: databaseUrl });
  onTestFinished(async () => {
    setRuntime(before);
    // The next use of the pool leaves the one through the proxy.
    await db().$queryRaw`SELECT 1`;
    await proxy.close();
  });
  return proxy;
}

/** A session beside the app's. */
async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database().appUrl });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** At least so many statements in this database wait for somebody else's lock. */
async function waitingForALock(count: number): Promise<void> {
  const observer = await session();
  const waiting = async () => {
    const { rows } = await observer.query(`SELECT count(*)::integer AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows[0].count;
  };
  await expect.poll(waiting).toBeGreaterThanOrEqual(count);
}

type Outcome = { status: number; seq?: number; repeated?: boolean; ms: number };

/** What the route would answer. */
async function outcomeOf(claim: Claim, command: SendMessage): Promise<Outcome> {
  const begun = performance.now();
  const answer = await sendMessage(claim, command).then(
    ({ event, repeated }) => ({ status: repeated ? 200 : 201, seq: event.seq, repeated }),
    (error: unknown) => ({ status: toAppError(error).status }),
  );
  return { ...answer, ms: performance.now() - begun };
}

const rowsOf = (consultationId: string) => db().message.count({ where: { consultationId } });

/** Every number is there once, and every event has its message. */
async function expectWholeLog(consultationId: string, length: number): Promise<void> {
  const [events, messages, head] = await Promise.all([
    db().event.findMany({ where: { consultationId }, orderBy: { seq: "asc" } }),
    db().message.findMany({ where: { consultationId }, orderBy: { seq: "asc" } }),
    db().consultationHead.findUniqueOrThrow({ where: { consultationId } }),
  ]);
  const numbers = Array.from({ length }, (_, index) => index + 1);
  expect(events.map(({ seq }) => seq)).toEqual(numbers);
  expect(messages.map(({ seq }) => seq)).toEqual(numbers);
  expect(events.map(({ messageId }) => messageId)).toEqual(messages.map(({ id }) => id));
  expect(head.headSeq).toBe(length);
}

describe("unknown outcomes", () => {
  it("F14 F22 a connection cut after the commit: the server repeats the command itself, one row", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const proxy = await throughProxy();
    let cuts = 0;
    const end = proxy.watch({
      statement: "send_message(",
      answered: ({ cut }) => {
        if (cuts++ === 0) cut();
      },
    });
    expect(await outcomeOf(patient, messageOf(consultationId, "x"))).toMatchObject({ status: 200, seq: 1 });
    end();
    expect(cuts).toBe(2);
    await expectWholeLog(consultationId, 1);

    const once = proxy.watch({
      statement: "change_consultation_status(",
      answered: ({ cut }) => {
        once();
        cut();
      },
    });
    expect(await completeConsultation(practitioner, consultationId, { closingNote: null })).toEqual({ event: null });
    await expectWholeLog(consultationId, 2);
  });

  it("F14 A6 D5 E2 corrections and removals whose answer was lost are repeated and recognised: one event each", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const interpreter = await createPerson("INTERPRETER");
    const { id: messageId } = messageOf(consultationId, "x");
    await sendMessage(patient, messageOf(consultationId, "x", messageId));
    await addParticipant(practitioner, consultationId, interpreter);
    const proxy = await throughProxy();
    const cutOnce = (statement: string) => {
      const end = proxy.watch({
        statement,
        answered: ({ cut }) => {
          end();
          cut();
        },
      });
    };
    cutOnce("edit_message(");
    expect(await editMessage(patient, messageId, { content: "y" })).toEqual({ event: null });
    cutOnce("set_reaction(");
    expect(await setReaction(practitioner, { messageId, emoji: "👍", on: true })).toEqual({ event: null });
    cutOnce("delete_message(");
    expect(await deleteMessage(patient, messageId)).toMatchObject({ event: { type: "message-deleted", seq: 5 } });
    cutOnce("remove_participant(");
    expect(await removeParticipant(practitioner, consultationId, interpreter)).toEqual({ event: null });
    const events = await allEvents(patient, consultationId);
    expectGapless(events);
    expect(events).toHaveLength(6);
  });

  it("F13 a connection cut before the statement came to the server: repeated too, one row", async () => {
    const { patient, consultationId } = await createWorld();
    const proxy = await throughProxy();
    const end = proxy.watch({
      statement: "send_message(",
      asked: ({ cut }) => {
        end();
        cut();
      },
    });
    expect(await outcomeOf(patient, messageOf(consultationId, "x"))).toMatchObject({ status: 201, seq: 1 });
    await expectWholeLog(consultationId, 1);
  });

  it("F22 a client that gave up while the server went on and asks again, many times at once: one row", async () => {
    const { patient, consultationId } = await createWorld();
    const holder = await session();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM consultation_heads WHERE consultation_id = $1 FOR UPDATE", [consultationId]);
    const command = messageOf(consultationId, "x");
    const first = outcomeOf(patient, command);
    await waitingForALock(1);
    const again = [1, 2, 3, 4].map(() => outcomeOf(patient, command));
    await waitingForALock(2);
    await holder.query("COMMIT");
    const outcomes = await Promise.all([first, ...again]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
    await expectWholeLog(consultationId, 1);
  });

  it("ID1 a receipt, a completion and a message asked for twice are done once, also after everything has changed", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const command = messageOf(consultationId, "first words");
    const { event } = await sendMessage(patient, command);
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    const { position } = await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await completeConsultation(practitioner, consultationId, { closingNote: "bye" });
    expect(await completeConsultation(practitioner, consultationId, { closingNote: "bye" })).toEqual({ event: null });
    await db().message.update({
      where: { id: command.id },
      data: { content: "other words", rev: 9, editedAt: new Date() },
    });
    expect(await sendMessage(patient, command)).toMatchObject({ repeated: true, event: { seq: event.seq } });
    expect((await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 })).position).toEqual(position);
    await expectWholeLog(consultationId, 2);
  });
});

describe("a slow or contended database", () => {
  it("F17 a row lock held for long: its senders get 503 and one row each later; every other consultation goes on", async () => {
    const held = await createWorld();
    const others = await Promise.all([createWorld(), createWorld(), createWorld()]);
    const holder = await session();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM consultation_heads WHERE consultation_id = $1 FOR UPDATE", [held.consultationId]);
    const commands = Array.from({ length: 30 }, (_, index) => messageOf(held.consultationId, `${index}`));
    const stuck = Promise.all(commands.map((command) => outcomeOf(held.patient, command)));

    await waitingForALock(1);
    const free: Outcome[] = [];
    for (let round = 0; round < 20; round++) {
      const answers = others.map(({ patient, consultationId }) => outcomeOf(patient, messageOf(consultationId, "x")));
      free.push(...(await Promise.all(answers)));
    }
    // All of it while the lock is held.
    expect(free.every(({ status }) => status === 201)).toBe(true);
    // Reading waits for nobody.
    expect(await readEvents(held.patient, held.consultationId, { after: 0, limit: 10 })).toMatchObject({ headSeq: 0 });

    const outcomes = await stuck;
    expect(outcomes.every(({ status }) => status === 503)).toBe(true);
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(30_000);
    await holder.query("COMMIT");
    expect(await rowsOf(held.consultationId)).toBe(0);
    const retried = await Promise.all(commands.map((command) => outcomeOf(held.patient, command)));
    expect(retried.every(({ status }) => status === 201)).toBe(true);
    await expectWholeLog(held.consultationId, 30);
    for (const { consultationId } of others) await expectWholeLog(consultationId, 20);
  }, 40_000);

  it("F17 a lock released within the server's own attempts is answered as if nothing had been", async () => {
    const { patient, consultationId } = await createWorld();
    const holder = await session();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM consultation_heads WHERE consultation_id = $1 FOR UPDATE", [consultationId]);
    const stuck = outcomeOf(patient, messageOf(consultationId, "x"));
    await sleep(2_500);
    await holder.query("COMMIT");
    expect(await stuck).toMatchObject({ status: 201, seq: 1 });
    await expectWholeLog(consultationId, 1);
  });

  it("F17 a deadlock costs the send another attempt, and nothing of it is left", async () => {
    const { patient, consultationId } = await createWorld();
    const rival = await session();
    await rival.query("BEGIN");
    await rival.query("SELECT FROM publication_cursors WHERE consultation_id = $1 FOR UPDATE", [consultationId]);
    const sent = outcomeOf(patient, messageOf(consultationId, "x"));
    await waitingForALock(1);
    // Closes the circle; the send has waited longer, so PostgreSQL ends the send.
    await rival.query("SELECT FROM consultation_heads WHERE consultation_id = $1 FOR UPDATE", [consultationId]);
    expect(await rowsOf(consultationId)).toBe(0);
    await rival.query("COMMIT");
    expect(await sent).toMatchObject({ status: 201, seq: 1 });
    await expectWholeLog(consultationId, 1);
  });
});

describe("a database that comes and goes", () => {
  it("F16 F15 away and back twenty times: refused with 503 meanwhile, whole again at once, without a new process", async () => {
    const { patient, consultationId } = await createWorld();
    const proxy = await throughProxy();
    let expected = 0;
    for (let round = 0; round < 20; round++) {
      const warm = await Promise.all([1, 2].map(() => outcomeOf(patient, messageOf(consultationId, "x"))));
      expect(warm.map(({ status }) => status)).toEqual([201, 201]);
      const back = proxy.refuse();
      const command = messageOf(consultationId, "into the outage");
      expect((await outcomeOf(patient, command)).status).toBe(503);
      if (round === 0) {
        // F15: no earlier yes is remembered.
        for (const ask of [() => readViewer(patient), () => checkParticipant(patient, consultationId)]) {
          const refusal: unknown = await ask().catch((error: unknown) => error);
          expect(toAppError(refusal).code).toBe("unavailable");
        }
      }
      back();
      // The first that is asked afterwards: nothing waits for a connection to be given up.
      expect((await outcomeOf(patient, command)).status).toBe(201);
      expected += 3;
    }
    await expectWholeLog(consultationId, expected);
  }, 60_000);

  it("F16 connections that died while they lay idle are not seen by anybody", async () => {
    const { patient, consultationId } = await createWorld();
    const proxy = await throughProxy();
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 10 }, () => readViewer(patient)));
      proxy.cut();
      const sends = Array.from({ length: 10 }, () => outcomeOf(patient, messageOf(consultationId, "x")));
      const statuses = (await Promise.all(sends)).map(({ status }) => status);
      expect(statuses.filter((status) => status !== 201 && status !== 200)).toEqual([]);
    }
    await expectWholeLog(consultationId, 50);
  });

  it("F16 a network that swallows everything: the connections are given up, and new ones serve", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { patient } = await createWorld();
    const proxy = await throughProxy();
    await readViewer(patient);
    const end = proxy.blackHole();
    const swallowed = readViewer(patient).catch((error: unknown) => toAppError(error).code);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await swallowed).toBe("unavailable");
    end();
    vi.useRealTimers();
    expect((await readViewer(patient)).id).toBe(patient.userId);
  });

  it("F16 F15 a PostgreSQL that crashes again and again under senders loses nothing it acknowledged", async () => {
    const dataDir = path.join(os.tmpdir(), `murph-test-crash-${randomBytes(8).toString("hex")}`);
    const server = await startEmbeddedPostgres({ dataDir });
    const before = runtime();
    onTestFinished(async () => {
      setRuntime(before);
      await db().$queryRaw`SELECT 1`;
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    });
    await applyMigrations(server.ownerUrl, { appRole: APP_ROLE });
    setRuntime({ ...before, databaseUrl: server.appUrl, databaseDirectUrl: server.appUrl });
    const { patient, consultationId } = await createWorld();

    let sending = true;
    const acknowledged: string[] = [];
    const sender = (async () => {
      while (sending) {
        const command = messageOf(consultationId, "x");
        for (;;) {
          const { status } = await outcomeOf(patient, command);
          if (status < 300) break;
          expect(status).toBe(503);
          await sleep(20);
        }
        acknowledged.push(command.id);
      }
    })();
    for (let crash = 0; crash < 2; crash++) {
      const count = acknowledged.length;
      await until(() => acknowledged.length > count + 5, "messages between two crashes");
      const pid = postmasterPid(clusterOf(dataDir));
      if (pid === null) return expect.unreachable();
      process.kill(pid, "SIGQUIT");
      await until(() => postmasterPid(clusterOf(dataDir)) !== pid, "the next PostgreSQL");
    }
    sending = false;
    await sender;
    const rows = await db().message.findMany({ where: { consultationId }, orderBy: { seq: "asc" } });
    expect(rows.map(({ id }) => id)).toEqual(acknowledged);
    await expectWholeLog(consultationId, acknowledged.length);
  }, 60_000);
});

describe("races and clocks", () => {
  it("F27 UI3 in a thousand races of a completion and messages in flight one wins, and the answers say which", async () => {
    const people = [await createPerson("PATIENT", "Anna"), await createPerson("PRACTITIONER", "Dr. Weber")] as const;
    const [patient, practitioner] = people;
    let wonBySend = 0;
    let wonByCompletion = 0;
    const rows = await db().$queryRaw<{ id: string }[]>`
      WITH made AS (
        INSERT INTO consultations (id, subject, status) SELECT gen_random_uuid(), 'Test', 'IN_PROGRESS' FROM generate_series(1, 1000)
        RETURNING id
      ), joined AS (
        INSERT INTO participants (consultation_id, user_id)
        SELECT made.id, member::uuid FROM made, unnest(${people.map(({ userId }) => userId)}::text[]) AS member
      )
      SELECT id::text FROM made`;
    let next = 0;
    const race = async () => {
      for (let index = next++; index < rows.length; index = next++) {
        const consultationId = rows[index]?.id ?? "";
        const complete = () => completeConsultation(practitioner, consultationId, { closingNote: null });
        const send = () => outcomeOf(patient, messageOf(consultationId, "x"));
        const [first, second] = index % 2 ? [send(), complete()] : [complete(), send()];
        const { status } = (await (index % 2 ? first : second)) as Outcome;
        await Promise.all([first, second]);
        expect([201, 409]).toContain(status);
        if (status === 201) wonBySend += 1;
        else wonByCompletion += 1;
      }
    };
    await Promise.all([race(), race(), race(), race()]);
    const ended = await db().$queryRaw<{ seq: number; head: number; texts: number }[]>`
      SELECT e.seq, h.head_seq AS head,
        (SELECT count(*)::integer FROM messages m WHERE m.consultation_id = h.consultation_id AND m.kind = 'text') AS texts
      FROM events e JOIN consultation_heads h USING (consultation_id)
      WHERE e.type = 'consultation-status-changed' AND e.actor_id = ${practitioner.userId}::uuid`;
    expect(ended).toHaveLength(1_000);
    // Whatever came in came in before the end, and nothing after it.
    expect(ended.filter(({ seq, head, texts }) => seq !== head || texts !== seq - 1)).toEqual([]);
    expect(ended.reduce((sum, { texts }) => sum + texts, 0)).toBe(wonBySend);
    expect(wonBySend + wonByCompletion).toBe(1_000);
    expect(Math.min(wonBySend, wonByCompletion)).toBeGreaterThan(0);
  }, 60_000);

  it("F20 two servers whose clocks differ by ten seconds: order, times and leases are the database's", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    onTestFinished(() => void vi.useRealTimers());
    const [clock] = await db().$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
    const real = Date.now();
    for (let index = 0; index < 20; index++) {
      vi.useFakeTimers({ toFake: ["Date"], now: real + (index % 2 ? 5_000 : -5_000) });
      await sendMessage(index % 3 ? patient : practitioner, messageOf(consultationId, `${index}`, uuidV7()));
    }
    vi.setSystemTime(real + 5_000);
    await recordReceipt(patient, consultationId, { readUpToSeq: 20 });
    await completeConsultation(practitioner, consultationId, { closingNote: null });
    vi.useRealTimers();
    const page = await readEvents(patient, consultationId, { after: 0, limit: 100 });
    if ("reset" in page) return expect.unreachable();
    const [end] = await db().$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
    const times = page.events.map(({ at }) => Date.parse(at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const [first, last] = [clock?.now.getTime() ?? 0, end?.now.getTime() ?? 0];
    const stored = [
      ...times,
      ...page.positions.flatMap(({ readAt }) => (readAt ? [Date.parse(readAt)] : [])),
      (await db().consultation.findUniqueOrThrow({ where: { id: consultationId } })).endedAt?.getTime() ?? 0,
    ];
    for (const time of stored) {
      expect(time).toBeGreaterThanOrEqual(first);
      expect(time).toBeLessThanOrEqual(last);
    }
    expect(page.events.flatMap((event) => (event.type === "new-message" ? [event.data.message.content] : []))).toEqual(
      Array.from({ length: 20 }, (_, index) => `${index}`),
    );
    await expectWholeLog(consultationId, 21);
  });
});
