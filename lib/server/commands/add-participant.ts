import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * A practitioner of the consultation brings a colleague in, until it is over; taking part already: `{ event: null }`.
 * Throws AppError: session-ended, not-found, not-allowed, validation-failed (unknown, not a colleague),
 * consultation-state.
 */
export async function addParticipant(
  claim: Claim,
  consultationId: string,
  { userId }: { userId: string },
): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    consultationId,
    Prisma.sql`add_participant(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${userId}::uuid, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
