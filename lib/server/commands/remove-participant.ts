import "server-only";
import { setTimeout as sleep } from "node:timers/promises";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import { terminateUserConnections } from "@/lib/pusher/server";
import type { Claim } from "@/lib/server/claim";
import { logger } from "@/lib/server/log";
import { appendEvent } from "@/lib/server/log/append-event";
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
  // After a removal that was found done too: whoever did it may have died before this.
  void endConnections(userId);
  return { event };
}

const ATTEMPTS = 3;
const PAUSE_MS = 500;

/** Not awaited: what is left of a socket that could not be ended hears hints only. */
async function endConnections(userId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await terminateUserConnections(userId);
    } catch (error) {
      if (attempt === ATTEMPTS)
        return logger().warn({ userId, err: error }, "connections of a removed person not ended");
    }
    await sleep(PAUSE_MS * attempt, undefined, { ref: false });
  }
}
