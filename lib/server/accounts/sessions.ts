import "server-only";
import { db } from "@/lib/server/db";

export const SESSION_SECONDS = 7 * 24 * 3_600;

/** A new row at every sign-in: an id from before it is never carried over. The database's clock sets the end. */
export async function openSession(userId: string): Promise<{ sessionId: string; expiresAt: Date }> {
  const rows = await db().$queryRaw<{ id: string; expires_at: Date }[]>`
    INSERT INTO sessions (id, user_id, created_at, expires_at)
    VALUES (gen_random_uuid(), ${userId}::uuid, clock_timestamp(), clock_timestamp() + make_interval(secs => ${SESSION_SECONDS}))
    RETURNING id, expires_at`;
  const row = rows[0];
  if (!row) throw new Error("The session was not stored");
  return { sessionId: row.id, expiresAt: row.expires_at };
}

/** Signs out: this session is refused at its next request, the person's others go on. */
export async function endSession(sessionId: string): Promise<void> {
  await db().$executeRaw`
    UPDATE sessions SET ended_at = clock_timestamp() WHERE id = ${sessionId}::uuid AND ended_at IS NULL`;
}

/** Removes what has been of no use for a month; some at a time, so that it never takes long. */
export async function pruneSessions(): Promise<void> {
  await db().$executeRaw`SELECT prune_sessions()`;
}
