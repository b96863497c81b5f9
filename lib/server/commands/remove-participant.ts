import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { endConnections } from "@/lib/server/presence/end-connections";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * A practitioner of the consultation takes somebody out of it, themself too, but never the last practitioner. Gone
 * already: `{ event: null }`. From the commit on no content reaches that person (UI4): the API refuses, pushes are
 * hints, and their sockets are ended.
 * Throws AppError: session-ended, not-found, not-allowed, validation-failed (the last practitioner),
 * consultation-state.
 */
export async function removeParticipant(
  claim: Claim,
  consultationId: string,
  { userId }: { userId: string },
): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    consultationId,
    Prisma.sql`remove_participant(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${userId}::uuid, ${relayOwner()}::uuid
    )`,
  );
  // After a removal that was found done too: whoever did it may have died before this. What is left hears hints only.
  void endConnections(userId);
  return { event };
}
