import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import { runtime } from "@/lib/runtime";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * Deletes the caller's own message for everybody, within the window of an edit. What stays is a tombstone; a repeat is
 * answered with the same event, at any time.
 *
 * Throws AppError: session-ended, not-found, not-allowed, consultation-not-in-progress, edit-window-closed.
 */
export async function deleteMessage(claim: Claim, messageId: string): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    claim.userId,
    Prisma.sql`delete_message(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${messageId}::uuid,
      ${runtime().env.editWindowSeconds}::integer, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
