import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import { type ConsultationRow, consultationListSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { callFunction } from "@/lib/server/sql-function";

/** The caller's consultations, the last active first. Throws AppError: session-ended. */
export async function listConsultations(claim: Claim): Promise<ConsultationRow[]> {
  const answer = await callFunction(Prisma.sql`list_consultations(${claim.sessionId}::uuid, ${claim.userId}::uuid)`);
  return consultationListSchema.parse(answer).consultations;
}
