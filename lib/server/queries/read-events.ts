import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { EventsQuery } from "@/lib/protocol/commands";
import { type EventsPage, eventsPageSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { withPushState } from "@/lib/server/relay/push-state";
import { callFunction } from "@/lib/server/sql-function";

/**
 * The log forward from `after`, as the messages are now. Answers `reset` where the caller's past is not this
 * database's: another epoch, a seq beyond the head, another time at its last event.
 * Throws AppError: session-ended, not-found.
 */
export async function readEvents(claim: Claim, consultationId: string, query: EventsQuery): Promise<EventsPage> {
  const answer = await callFunction(Prisma.sql`read_events(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid,
    ${query.after}::integer, ${query.afterAt ?? null}::timestamptz, ${query.epoch ?? null}, ${query.limit}::integer
  )`);
  return eventsPageSchema.parse(withPushState(answer));
}
