import "server-only";
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { timeSchema } from "@/lib/protocol/message";
import type { Claim } from "@/lib/server/claim";
import { db } from "@/lib/server/db";
import { endConnections } from "@/lib/server/presence/end-connections";
import { callFunction } from "@/lib/server/sql-function";

export const SESSION_SECONDS = 7 * 24 * 3_600;
const MAX_USER_AGENT = 300;

interface Opening {
  /** As the browser calls itself. */
  userAgent?: string | null;
  /** The password hash that was found to match: a password changed meanwhile opens nothing. */
  proof?: string | null;
  /** Whose cookie the new one takes the place of: nobody could sign that session out any more. */
  replaced?: string | null;
}

/**
 * A new row at every sign-in: an id from before it is never carried over. The database's clock sets the end.
 * Throws AppError: session-ended, where the proof holds no longer.
 */
export async function openSession(
  userId: string,
  { userAgent = null, proof = null, replaced = null }: Opening = {},
): Promise<{ sessionId: string }> {
  const sessionId = randomUUID();
  const name = userAgent?.slice(0, MAX_USER_AGENT) ?? null;
  await callFunction(
    Prisma.sql`open_session(${sessionId}::uuid, ${userId}::uuid, ${SESSION_SECONDS}::integer, ${name}, ${proof})`,
  );
  if (replaced) await endSession(replaced);
  return { sessionId };
}

/** Signs out: this session is refused at its next request, the person's others go on. */
export async function endSession(sessionId: string): Promise<void> {
  await db().$executeRaw`
    UPDATE sessions SET ended_at = clock_timestamp() WHERE id = ${sessionId}::uuid AND ended_at IS NULL`;
}

const signedInSchema = z.object({
  id: z.uuid(),
  /** Whether it is the caller's own. */
  here: z.boolean(),
  userAgent: z.string().nullable(),
  createdAt: timeSchema,
  /** To within five minutes. */
  lastSeenAt: timeSchema,
});
export type SignedInDevice = z.infer<typeof signedInSchema>;

/** Where the caller is signed in: here first, then by last use. Throws AppError: session-ended. */
export async function listSessions({ sessionId, userId }: Claim): Promise<SignedInDevice[]> {
  const answer = await callFunction(Prisma.sql`list_sessions(${sessionId}::uuid, ${userId}::uuid)`);
  return z.array(signedInSchema).parse(answer.sessions);
}

/** Signs out another device of the caller's, or all others (null). Throws AppError: session-ended. */
export async function endOtherSessions({ sessionId, userId }: Claim, ended: string | null): Promise<void> {
  await callFunction(Prisma.sql`end_sessions(${sessionId}::uuid, ${userId}::uuid, ${ended}::uuid)`);
  // A socket does not know of sessions: this device's own come back by themselves.
  void endConnections(userId);
}

/** Removes what has been of no use for a month; some at a time, so that it never takes long. */
export async function pruneSessions(): Promise<void> {
  await db().$executeRaw`SELECT prune_sessions()`;
}
