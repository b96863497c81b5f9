import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

interface Reaction {
  messageId: string;
  emoji: string;
  /** Whether it should be there afterwards. */
  on: boolean;
}

/**
 * Adds or takes back one reaction of the caller. As it is already: `{ event: null }`, at any time.
 * Throws AppError: session-ended, not-found, not-allowed (a system line), consultation-not-in-progress,
 * message-deleted, validation-failed (too many on one message).
 */
export async function setReaction(claim: Claim, { messageId, emoji, on }: Reaction): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    claim.userId,
    Prisma.sql`set_reaction(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${messageId}::uuid, ${emoji}, ${on}::boolean,
      ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
