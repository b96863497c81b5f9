import { db } from "@/lib/server/db";

/** Moves what was written and read in these consultations three minutes into the past, and lets the planner of mails look again. */
export async function unreadForMinutes(consultationIds: readonly string[]): Promise<void> {
  const ids = [...consultationIds];
  await db()
    .$executeRaw`UPDATE messages SET created_at = created_at - interval '3 minutes' WHERE consultation_id = ANY (${ids}::uuid[])`;
  await db()
    .$executeRaw`UPDATE participants SET joined_at = joined_at - interval '3 minutes', read_at = read_at - interval '3 minutes'
    WHERE consultation_id = ANY (${ids}::uuid[])`;
  await db()
    .$executeRaw`UPDATE publication_cursors SET lease_until = NULL WHERE sink = 'mail' AND consultation_id = ANY (${ids}::uuid[])`;
}
