import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import { runtime } from "@/lib/runtime";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * Gives the caller's own message other words, while the consultation is in progress and for some minutes after it was
 * sent, by the database's clock. The words it has already: `{ event: null }`, at any time.
 *
 * Throws AppError: session-ended, not-found, not-allowed, consultation-not-in-progress, message-deleted,
 * edit-window-closed.
 */
export async function editMessage(
  claim: Claim,
  messageId: string,
  { content }: { content: string },
): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    claim.userId,
    Prisma.sql`edit_message(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${messageId}::uuid, ${content},
      ${runtime().env.editWindowSeconds}::integer, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
