import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { MessagesQuery } from "@/lib/protocol/commands";
import { type MessagesPage, messagesPageSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { callFunction } from "@/lib/server/sql-function";

/** The newest messages below `before`, ascending. Throws AppError: session-ended, not-found. */
export async function readMessages(claim: Claim, consultationId: string, query: MessagesQuery): Promise<MessagesPage> {
  const answer = await callFunction(Prisma.sql`read_messages(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid,
    ${query.before ?? null}::integer, ${query.limit}::integer
  )`);
  return messagesPageSchema.parse(answer);
}
