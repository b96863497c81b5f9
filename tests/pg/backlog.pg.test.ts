import { expect, it, onTestFinished } from "vitest";
import { apply, openConversation } from "@/lib/core/conversation";
import type { Snapshot } from "@/lib/protocol/snapshot";
import { readEvents } from "@/lib/server/queries/read-events";
import { readMessages } from "@/lib/server/queries/read-messages";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { ConversationEngine } from "@/lib/sync/conversation-engine";
import { createMemoryQueueStorage } from "@/lib/sync/memory-queue-storage";
import type { Api, ApiResult, Ports, Signal } from "@/lib/sync/ports";
import { appendMany } from "@/tests/support/append-many";
import { useTestRuntime } from "@/tests/support/database";
import { messagesOf, normalForm, normalFormOfItems } from "@/tests/support/sim/normal-form";
import { createWorld, type Person } from "@/tests/support/world";

/** `BACKLOG_EVENTS=10000 npx vitest run --project pg tests/pg/backlog.pg.test.ts` prints the figures of F31. */
const EVENTS = Number(process.env.BACKLOG_EVENTS ?? 1_200);

useTestRuntime();

async function ok<T>(answer: Promise<T>): Promise<ApiResult<T>> {
  // As the browser gets it: through JSON.
  return { ok: true, value: JSON.parse(JSON.stringify(await answer)) };
}

function apiOf(person: Person, asked: string[]): Api {
  const never = () => new Promise<never>(() => undefined);
  return {
    readSnapshot(id) {
      asked.push("snapshot");
      return ok(readSnapshot(person, id));
    },
    readEvents(id, { after, afterAt, epoch, limit }) {
      asked.push("events");
      return ok(readEvents(person, id, { after, epoch, limit, ...(afterAt === null ? {} : { afterAt }) }));
    },
    readMessages(id, query) {
      asked.push("older");
      return ok(readMessages(person, id, query));
    },
    sendMessage: never,
    editMessage: never,
    deleteMessage: never,
    setReaction: never,
    recordReceipt: never,
    listConsultations: never,
  };
}

/** The real engine over the real queries; nothing is pushed. */
function engineOf(person: Person, consultationId: string) {
  const asked: string[] = [];
  const listeners = new Set<(signal: Signal) => void>();
  const ports: Ports = {
    api: apiOf(person, asked),
    transport: {
      state: () => "idle",
      onState: () => () => undefined,
      connect: () => undefined,
      subscribe: () => ({ retry: () => undefined, close: () => undefined }),
      trigger: () => undefined,
    },
    clock: {
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    random: { next: () => Math.random() },
    signals: {
      online: () => true,
      visible: () => true,
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    ids: { messageId: () => "" },
    queue: createMemoryQueueStorage(false),
    serverTime: { now: () => null },
  };
  const engine = new ConversationEngine(ports, { consultationId, viewerId: person.userId });
  onTestFinished(() => engine.stop());
  const comeBack = () => {
    for (const listener of listeners) listener("visible");
  };
  return { engine, asked, comeBack };
}

/** The way not taken: every event, page by page. What it costs, and that it ends in the same place. */
async function walk(person: Person, before: Snapshot, limit: number) {
  let state = openConversation(before);
  let [pages, serverMs, foldMs] = [0, 0, 0];
  for (;;) {
    const asked = performance.now();
    const page = await readEvents(person, before.consultation.id, { after: state.seq, epoch: state.epoch, limit });
    if ("reset" in page) throw new Error("a page expected");
    const answered = performance.now();
    state = apply(state, { type: "events", events: page.events }).state;
    pages += 1;
    serverMs += answered - asked;
    foldMs += performance.now() - answered;
    if (state.seq === page.headSeq) return { state, pages, serverMs: Math.round(serverMs), foldMs: Math.round(foldMs) };
  }
}

it(`RCV4 F31 ${EVENTS} events behind: the newest page within 1 s, the rest in pages, equal to a fresh read`, {
  timeout: 120_000,
}, async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  await appendMany(practitioner, consultationId, { count: 60 });
  const before = await readSnapshot(patient, consultationId);
  await appendMany(practitioner, consultationId, { first: 61, count: EVENTS });

  const { engine, asked, comeBack } = engineOf(patient, consultationId);
  engine.offer(before);
  engine.start();
  const newest = `Message ${60 + EVENTS}.`;
  const began = performance.now();
  const shown = new Promise<number>((resolve) => {
    engine.subscribe(() => {
      const last = engine.getSnapshot().items.at(-1)?.message;
      if (last?.content?.startsWith(newest)) resolve(performance.now() - began);
    });
  });
  comeBack();
  const newestAfterMs = await shown;
  expect(newestAfterMs).toBeLessThan(1_000);
  const { items } = engine.getSnapshot();
  expect(items.length).toBeLessThanOrEqual(50);
  expect(asked).toEqual(["events", "snapshot"]);

  await engine.loadOlder();
  await engine.loadOlder();
  const window = engine.getSnapshot().items;
  expect(window).toHaveLength(150);
  const oldest = window[0]?.message?.seq ?? 0;
  const walked = await walk(patient, before, 500);
  expect(normalFormOfItems(window, oldest)).toEqual(messagesOf(walked.state.messages, oldest));
  const fresh = openConversation(await readSnapshot(patient, consultationId));
  const from = fresh.messages[0]?.seq ?? 0;
  expect(normalForm(walked.state, from)).toEqual(normalForm(fresh, from));
  const { pages, serverMs, foldMs } = walked;
  console.info(`${EVENTS} events behind: newest page after ${Math.round(newestAfterMs)} ms, ${asked.length} questions`);
  console.info(`walking instead: ${pages} pages of 500, queries ${serverMs} ms, folding ${foldMs} ms`);
});
