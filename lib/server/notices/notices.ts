import "server-only";
import { ZodError } from "zod";
import { runtime } from "@/lib/runtime";
import { logger } from "@/lib/server/log";
import { MAX_DATA_BYTES } from "@/lib/server/relay/publish-events";
import { canPushCourtesies, courtesiesSent, pushCourtesies } from "@/lib/server/relay/push-courtesy";
import { noticePushes } from "./notice-pushes";
import { type Asked, readNotices } from "./read-notices";

/**
 * What people are told on their own channels: their list's row, that somebody wrote, that what they were told of has
 * changed. Gathered for a moment and read for many consultations at once, so that a lively conversation costs a few
 * readings a second and not one a message. Rows are read here and not handed over: whatever is pushed last is newest.
 * While nothing can be pushed it stays gathered, and what a failing call lost is gathered again. Still a courtesy: it
 * dies with the process, and the list is read again on every success of the channel and now and then.
 */
const GATHER_MS = 120;
const CONSULTATIONS_A_READING = 50;
/** While nothing can be pushed: how often that is looked at. */
const LOOK_AGAIN_MS = 250;
const PAUSE_AFTER_FAILURE_MS = 1_000;
/** More than these lost their news for so long that the list's own reading is the better way. */
const MOST_GATHERED = 5_000;

interface Gathered {
  first: number | null;
  last: number | null;
  everybody: boolean;
  readers: Set<string>;
}

interface State {
  gathered: Map<string, Gathered>;
  telling: Promise<void> | null;
  lookingAgain: NodeJS.Timeout | null;
  /** The database failed. */
  pausedUntil: number;
}

const holder = globalThis as { __murphNotices?: State };
holder.__murphNotices ??= {
  gathered: new Map(),
  telling: null,
  lookingAgain: null,
  pausedUntil: Number.NEGATIVE_INFINITY,
};
const notices = holder.__murphNotices;

/** These events of one consultation have been pushed. */
export function eventsPublished(events: readonly { consultationId: string; seq: number }[]): void {
  for (const { consultationId, seq } of events) {
    gather({ consultation: consultationId, first: seq, last: seq, everybody: true, readers: [] });
  }
}

/** This person has read further, perhaps in one of several tabs. */
export function noticeRead(consultationId: string, userId: string): void {
  gather({ consultation: consultationId, first: null, last: null, everybody: false, readers: [userId] });
}

/** A consultation was made or changed without any event: everybody in it gets their row. */
export function noticeConsultation(consultationId: string): void {
  gather({ consultation: consultationId, first: null, last: null, everybody: true, readers: [] });
}

/** Resolves when everything gathered so far has been pushed, or waits until something can be pushed again. */
export async function noticesSent(): Promise<void> {
  await notices.telling;
  await courtesiesSent();
}

function gather({ consultation, first, last, everybody, readers }: Asked): void {
  const before = notices.gathered.get(consultation);
  if (!before && notices.gathered.size >= MOST_GATHERED) return;
  notices.gathered.set(consultation, {
    first: before?.first == null ? first : Math.min(before.first, first ?? before.first),
    last: before?.last == null ? last : Math.max(before.last, last ?? before.last),
    everybody: everybody || before?.everybody === true,
    readers: new Set([...(before?.readers ?? []), ...readers]),
  });
  tellSoon();
}

function canTell(): boolean {
  return canPushCourtesies() && performance.now() >= notices.pausedUntil;
}

function tellSoon(): void {
  if (notices.telling || notices.lookingAgain || notices.gathered.size === 0) return;
  if (canTell()) {
    notices.telling = tell();
    return;
  }
  notices.lookingAgain = setTimeout(() => {
    notices.lookingAgain = null;
    tellSoon();
  }, LOOK_AGAIN_MS).unref();
}

async function tell(): Promise<void> {
  while (notices.gathered.size > 0 && canTell()) {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    if (!canTell()) break;
    const taken = [...notices.gathered].slice(0, CONSULTATIONS_A_READING);
    for (const [consultationId] of taken) notices.gathered.delete(consultationId);
    await tellOf(taken.map(([consultation, { readers, ...one }]) => ({ consultation, ...one, readers: [...readers] })));
  }
  notices.telling = null;
  tellSoon();
}

async function tellOf(consultations: readonly Asked[]): Promise<void> {
  try {
    const { env, pusher } = runtime();
    const idsOnly = env.pusherPayloads === "hint" || pusher.encryptionMasterKeyBase64 !== null;
    const asked = new Map(consultations.map((one) => [one.consultation, one]));
    for (const one of await readNotices(consultations)) {
      const again = asked.get(one.consultationId);
      pushCourtesies(noticePushes(one, { idsOnly, maxDataBytes: MAX_DATA_BYTES }), () => again && gather(again));
    }
  } catch (error) {
    logger().warn({ err: error }, "notices not read");
    // An answer that we cannot read stays as it is; a database that fails comes back.
    if (error instanceof ZodError) return;
    notices.pausedUntil = performance.now() + PAUSE_AFTER_FAILURE_MS;
    for (const one of consultations) gather(one);
  }
}
