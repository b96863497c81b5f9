import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { eventSchema, type Hint, hintSchema, PROTOCOL_VERSION } from "@/lib/protocol/event";
import { db } from "@/lib/server/db";
import { logger } from "@/lib/server/log";
import { callFunction } from "@/lib/server/sql-function";
import type { PublicationLease, Publishable } from "./ports";
import { EVENTS_A_BATCH } from "./relay";

/** An event of a type that only a later version knows is told as a hint: whoever receives that fetches. */
const bareSchema = z
  .object({ consultationId: z.string(), epoch: z.string(), seq: z.int(), type: z.string() })
  .transform((bare): Hint => {
    logger().error({ consultationId: bare.consultationId, seq: bare.seq, type: bare.type }, UNREADABLE);
    return { v: PROTOCOL_VERSION, ...bare, hint: true };
  });
const UNREADABLE = "event that this version cannot read, published as a hint";

const publishableSchema: z.ZodType<Publishable> = z.union([eventSchema, hintSchema, bareSchema]);
const publicationSchema = z.object({
  consultationId: z.string(),
  fence: z.int(),
  events: z.array(publishableSchema),
});
const advanceSchema = z.object({ outcome: z.enum(["ok", "lost"]), events: z.array(publishableSchema) });

/** The cursors in PostgreSQL: each is one function of the log. */
export const databaseLease: PublicationLease = {
  async claim(owner, most, held = []) {
    const rows = await db().$queryRaw<{ claimed: unknown }[]>`SELECT claim_publications(
      ${owner}::uuid, ${most}::integer, ${EVENTS_A_BATCH}::integer, ${held}::uuid[]) AS claimed`;
    return z.array(publicationSchema).parse(rows[0]?.claimed);
  },
  async advance({ consultationId, fence }, seq) {
    return advanceSchema.parse(
      await callFunction(
        Prisma.sql`advance_publication(${consultationId}::uuid, ${fence}::integer, ${seq}::integer, ${EVENTS_A_BATCH}::integer)`,
      ),
    );
  },
  async postpone({ consultationId, fence }) {
    await db().$executeRaw`SELECT postpone_publication(${consultationId}::uuid, ${fence}::integer)`;
  },
  async revive() {
    await db().$executeRaw`SELECT revive_publications()`;
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
