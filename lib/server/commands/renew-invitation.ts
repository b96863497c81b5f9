import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Locale } from "@/lib/i18n/locale";
import { type Invitation, invitationSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { newMailToken } from "@/lib/server/mail-tokens/mail-token";
import { noticeConsultation } from "@/lib/server/notices/notices";
import { callFunction } from "@/lib/server/sql-function";

const answerSchema = z.object({ invitation: invitationSchema });

/** `token`: of the link in the new mail. Only where no mail leaves is it told to anybody. */
interface Renewed extends Invitation {
  token: string;
}

/**
 * A practitioner of the consultation has its patient, who has not answered yet, written to again.
 * Throws AppError: session-ended, not-found, not-allowed, invitation-closed, consultation-state, rate-limited.
 */
export async function renewInvitation(claim: Claim, consultationId: string, locale: Locale): Promise<Renewed> {
  const link = newMailToken();
  const answer = await callFunction(Prisma.sql`renew_invitation(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${locale},
    ${JSON.stringify(link.stored)}::jsonb
  )`);
  const { invitation } = answerSchema.parse(answer);
  noticeConsultation(consultationId);
  return { ...invitation, token: link.token };
}
