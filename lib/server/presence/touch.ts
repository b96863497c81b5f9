import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Claim } from "@/lib/server/claim";
import { logger } from "@/lib/server/log";
import { callFunction } from "@/lib/server/sql-function";
import { settlePresence } from "./settle";

/** A third of the time for which a call counts. */
const AGAIN_AFTER_MS = 15_000;
/** Many people's calls are one statement. */
const GATHER_MS = 100;

interface Touches {
  /** When each session was last noted, oldest first. */
  noted: Map<string, number>;
  waiting: Claim[];
}

const holder = globalThis as { __murphTouches?: Touches };
holder.__murphTouches ??= { noted: new Map(), waiting: [] };
const touches = holder.__murphTouches;

/**
 * Notes that this person has called us. Never awaited, and at most every 15 seconds a session, so that it costs a
 * request nothing. Whether the session holds is judged in the database: by session, since one that has ended must
 * not silence one that goes on.
 */
export function touchPresence(claim: Claim): void {
  const now = performance.now();
  if (now - (touches.noted.get(claim.sessionId) ?? Number.NEGATIVE_INFINITY) < AGAIN_AFTER_MS) return;
  touches.noted.delete(claim.sessionId);
  touches.noted.set(claim.sessionId, now);
  if (touches.waiting.push(claim) === 1) setTimeout(() => void write(), GATHER_MS).unref();
}

async function write(): Promise<void> {
  const claims = touches.waiting.splice(0);
  forgetOld();
  try {
    const { changed } = await callFunction(
      Prisma.sql`touch_presence(${claims.map(({ sessionId }) => sessionId)}::uuid[], ${claims.map(({ userId }) => userId)}::uuid[])`,
    );
    const userIds = z.array(z.string()).parse(changed);
    if (userIds.length > 0) await settlePresence(userIds);
  } catch (error) {
    // Their next calls try again.
    for (const { sessionId } of claims) touches.noted.delete(sessionId);
    logger().debug({ err: error }, "calls not noted as presence");
  }
}

function forgetOld(): void {
  const old = performance.now() - AGAIN_AFTER_MS;
  for (const [sessionId, notedAt] of touches.noted) {
    if (notedAt > old) return;
    touches.noted.delete(sessionId);
  }
}
