import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import { colleaguesSchema } from "@/lib/protocol/commands";
import type { User } from "@/lib/protocol/user";
import type { Claim } from "@/lib/server/claim";
import { callFunction } from "@/lib/server/sql-function";

/** Whom the caller, a practitioner, may add to a consultation. Throws AppError: session-ended, not-allowed. */
export async function listColleagues(claim: Claim): Promise<User[]> {
  const answer = await callFunction(Prisma.sql`list_colleagues(${claim.sessionId}::uuid, ${claim.userId}::uuid)`);
  return colleaguesSchema.parse(answer).users;
}
