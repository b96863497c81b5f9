import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { eventSchema } from "@/lib/protocol/event";
import { db } from "@/lib/server/db";
import { callFunction } from "@/lib/server/sql-function";
import type { Publication, PublicationLease } from "./ports";
import { EVENTS_A_BATCH } from "./relay";

const publicationSchema = z.object({ consultationId: z.string(), fence: z.int(), events: z.array(eventSchema) });

const advanceSchema = z.object({ outcome: z.enum(["ok", "lost"]), events: z.array(eventSchema) });

/** The cursors in PostgreSQL: one function of the log each. */
export const databaseLease: PublicationLease = {
  async claim(owner, most) {
    const rows = await db().$queryRaw<{ claimed: unknown }[]>`
      SELECT claim_publications(${owner}::uuid, ${most}::integer, ${EVENTS_A_BATCH}::integer) AS claimed`;
    return z.array(publicationSchema).parse(rows[0]?.claimed);
  },
  async advance({ consultationId, fence }, seq) {
    return advanceSchema.parse(
      await callFunction(
        Prisma.sql`advance_publication(${consultationId}::uuid, ${fence}::integer, ${seq}::integer, ${EVENTS_A_BATCH}::integer)`,
      ),
    );
  },
  async postpone({ consultationId, fence }: Publication) {
    await db().$executeRaw`SELECT postpone_publication(${consultationId}::uuid, ${fence}::integer)`;
  },
  async revive() {
    await db()
      .$executeRaw`UPDATE publication_cursors SET lease_until = NULL WHERE sink = 'pusher' AND dirty AND lease_owner IS NULL`;
  },
};

/** Age in milliseconds of the oldest event that is committed but not published; 0 when there is none. */
export async function relayLagMs(): Promise<number> {
  const rows = await db().$queryRaw<{ lag: number }[]>`
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - e.at) * 1000), 0)::float8 AS lag
    FROM publication_cursors c
    JOIN events e ON e.consultation_id = c.consultation_id AND e.seq = c.published_seq + 1
    WHERE c.sink = 'pusher' AND c.dirty`;
  return Math.max(0, Math.round(rows[0]?.lag ?? 0));
}
