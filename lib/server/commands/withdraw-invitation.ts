import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * A practitioner of the consultation takes out its patient, who has not answered yet, in any state of it: the links to
 * it end. Withdrawn already: `{ event: null }`.
 * Throws AppError: session-ended, not-found, not-allowed, invitation-closed.
 */
export async function withdrawInvitation(claim: Claim, consultationId: string): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    consultationId,
    Prisma.sql`withdraw_invitation(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
