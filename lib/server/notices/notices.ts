import "server-only";
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
 * All of it is a courtesy: the list is read again on every success of the channel, and a failure is only late.
 */
const GATHER_MS = 120;
const CONSULTATIONS_A_READING = 50;

interface Gathered {
  first: number | null;
  last: number | null;
  everybody: boolean;
  readers: Set<string>;
}

const holder = globalThis as { __murphNotices?: { gathered: Map<string, Gathered>; telling: Promise<void> | null } };
holder.__murphNotices ??= { gathered: new Map(), telling: null };
const notices = holder.__murphNotices;

/** These events of one consultation have been pushed. */
export function eventsPublished(events: readonly { consultationId: string; seq: number }[]): void {
  for (const { consultationId, seq } of events) {
    const one = gather(consultationId);
    if (!one) return;
    one.everybody = true;
    one.first = Math.min(one.first ?? seq, seq);
    one.last = Math.max(one.last ?? seq, seq);
  }
}

/** This person has read further, perhaps in one of several tabs. */
export function noticeRead(consultationId: string, userId: string): void {
  gather(consultationId)?.readers.add(userId);
}

/** A consultation was made or changed without any event: everybody in it gets their row. */
export function noticeConsultation(consultationId: string): void {
  const one = gather(consultationId);
  if (one) one.everybody = true;
}

/** Resolves when everything gathered so far has been pushed or given up. */
export async function noticesSent(): Promise<void> {
  await notices.telling;
  await courtesiesSent();
}

function gather(consultationId: string): Gathered | null {
  if (!canPushCourtesies()) return null;
  const one = notices.gathered.get(consultationId) ?? { first: null, last: null, everybody: false, readers: new Set() };
  notices.gathered.set(consultationId, one);
  notices.telling ??= tell();
  return one;
}

async function tell(): Promise<void> {
  while (notices.gathered.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const taken = [...notices.gathered].slice(0, CONSULTATIONS_A_READING);
    for (const [consultationId] of taken) notices.gathered.delete(consultationId);
    if (canPushCourtesies()) await tellOf(taken.map(([consultation, one]) => asked(consultation, one)));
  }
  notices.telling = null;
}

async function tellOf(consultations: readonly Asked[]): Promise<void> {
  try {
    const { env, pusher } = runtime();
    const idsOnly = env.pusherPayloads === "hint" || pusher.encryptionMasterKeyBase64 !== null;
    for (const one of await readNotices(consultations)) {
      pushCourtesies(noticePushes(one, { idsOnly, maxDataBytes: MAX_DATA_BYTES }));
    }
  } catch (error) {
    logger().warn({ err: error }, "notices not read");
  }
}

function asked(consultation: string, { readers, ...one }: Gathered): Asked {
  return { consultation, ...one, readers: [...readers] };
}
