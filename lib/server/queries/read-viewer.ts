import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import { type User, userSchema } from "@/lib/protocol/user";
import type { Claim } from "@/lib/server/claim";
import { callFunction } from "@/lib/server/sql-function";

/** Who the caller is. Throws AppError: session-ended. */
export async function readViewer(claim: Claim): Promise<User> {
  const answer = await callFunction(Prisma.sql`read_viewer(${claim.sessionId}::uuid, ${claim.userId}::uuid)`);
  return userSchema.parse(answer.user);
}

/** Who the caller is, if a participant of the consultation. Throws AppError: session-ended, not-found. */
export async function checkParticipant(claim: Claim, consultationId: string): Promise<User> {
  const answer = await callFunction(
    Prisma.sql`check_participant(${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid)`,
  );
  return userSchema.parse(answer.user);
}
