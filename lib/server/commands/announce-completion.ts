import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * A practitioner of the consultation says that it ends, and when: until then everything goes on, and then it completes
 * by itself (complete-due.ts). Announced or completed already: `{ event: null }`.
 * Throws AppError: session-ended, not-found, not-allowed, consultation-not-in-progress.
 */
export async function announceCompletion(
  claim: Claim,
  consultationId: string,
  options: { afterSeconds: number; closingNote: string | null },
): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    consultationId,
    Prisma.sql`announce_completion(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid,
      ${options.afterSeconds}::integer, ${options.closingNote}, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}

/**
 * Takes the announced end back; nothing announced: `{ event: null }`.
 * Throws AppError: session-ended, not-found, not-allowed.
 */
export async function withdrawCompletion(claim: Claim, consultationId: string): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    consultationId,
    Prisma.sql`withdraw_completion(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
