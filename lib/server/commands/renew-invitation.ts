import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Locale } from "@/lib/i18n/locale";
import { type Invitation, invitationSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { newMailToken } from "@/lib/server/mail-tokens/mail-token";
import { noticeConsultation } from "@/lib/server/notices/notices";
import { callFunction } from "@/lib/server/sql-function";

const answerSchema = z.object({ invitation: invitationSchema, shown: z.boolean() });

/** `token`: the link that the caller may hand over, told once; null where it would open more than is theirs to see. */
interface Renewed extends Invitation {
  token: string | null;
}

/**
 * A practitioner of the consultation has its patient, who has not accepted yet, written to again.
 * Throws AppError: session-ended, not-found, not-allowed, invitation-closed, consultation-state.
 */
export async function renewInvitation(claim: Claim, consultationId: string, locale: Locale): Promise<Renewed> {
  const mailed = newMailToken();
  const link = newMailToken();
  const answer = await callFunction(Prisma.sql`renew_invitation(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${locale},
    ${JSON.stringify(mailed.stored)}::jsonb, ${JSON.stringify(link.stored)}::jsonb
  )`);
  const { invitation, shown } = answerSchema.parse(answer);
  noticeConsultation(consultationId);
  return { ...invitation, token: shown ? link.token : null };
}
