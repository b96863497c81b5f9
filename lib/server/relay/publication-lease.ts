import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { eventSchema } from "@/lib/protocol/event";
import { db } from "@/lib/server/db";
import { callFunction } from "@/lib/server/sql-function";

/** The provider takes ten events in one call. */
export const EVENTS_A_BATCH = 10;

const publicationSchema = z.object({
  consultationId: z.string(),
  /** Number of this claim. A holder whose number is no longer the newest cannot move the cursor. */
  fence: z.int(),
  events: z.array(eventSchema),
});
export type Publication = z.infer<typeof publicationSchema>;

const advanceSchema = z.object({ outcome: z.enum(["ok", "lost"]), events: z.array(eventSchema) });

/** Takes the lease of up to `most` consultations that are behind and that nobody holds. */
export async function claimPublications(owner: string, most: number): Promise<Publication[]> {
  const rows = await db().$queryRaw<{ claimed: unknown }[]>`
    SELECT claim_publications(${owner}::uuid, ${most}::integer, ${EVENTS_A_BATCH}::integer) AS claimed`;
  return z.array(publicationSchema).parse(rows[0]?.claimed);
}

/**
 * Records that everything up to `seq` is published; answers what comes next, or nothing, and then the lease is given
 * back. "lost": somebody else holds it by now and goes on from the recorded place.
 */
export async function advancePublication(
  { consultationId, fence }: Publication,
  seq: number,
): Promise<z.infer<typeof advanceSchema>> {
  return advanceSchema.parse(
    await callFunction(
      Prisma.sql`advance_publication(${consultationId}::uuid, ${fence}::integer, ${seq}::integer, ${EVENTS_A_BATCH}::integer)`,
    ),
  );
}

/** Gives the lease back after a failure; nobody tries this consultation again for a while that grows with failures. */
export async function postponePublication({ consultationId, fence }: Publication): Promise<void> {
  await db().$executeRaw`SELECT postpone_publication(${consultationId}::uuid, ${fence}::integer)`;
}

/** Age in milliseconds of the oldest event that is committed but not published; 0 when there is none. */
export async function relayLagMs(): Promise<number> {
  const rows = await db().$queryRaw<{ lag: number }[]>`
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - e.at) * 1000), 0)::float8 AS lag
    FROM publication_cursors c
    JOIN events e ON e.consultation_id = c.consultation_id AND e.seq = c.published_seq + 1
    WHERE c.sink = 'pusher' AND c.dirty`;
  return Math.max(0, Math.round(rows[0]?.lag ?? 0));
}
