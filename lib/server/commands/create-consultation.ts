import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Locale } from "@/lib/i18n/locale";
import type { CreateConsultation } from "@/lib/protocol/commands";
import { timeSchema } from "@/lib/protocol/message";
import { type ConsultationRow, consultationRowSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { newMailToken } from "@/lib/server/mail-tokens/mail-token";
import { noticeConsultation } from "@/lib/server/notices/notices";
import { callFunction } from "@/lib/server/sql-function";

const answerSchema = z.object({
  consultation: consultationRowSchema,
  invitation: z.object({ expiresAt: timeSchema }).nullable(),
});

interface Created {
  consultation: ConsultationRow;
  /** For a patient who is new and nobody else's: the link that the caller may hand over. Nobody is told it again. */
  invitation: { token: string; expiresAt: string } | null;
  repeated: boolean;
}

/**
 * A practitioner opens a consultation with the patient of an address. Somebody who has no account yet gets one that no
 * password opens, and is written to. The same id with the same input by the same person is answered with what it made.
 *
 * Throws AppError: session-ended, not-allowed, id-conflict, validation-failed.
 */
export async function createConsultation(claim: Claim, command: CreateConsultation, locale: Locale): Promise<Created> {
  const mailed = newMailToken();
  const shown = newMailToken();
  const name = command.patientName ?? nameOfAddress(command.patientEmail);
  const answer = await callFunction(Prisma.sql`create_consultation(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${command.id}::uuid, ${command.patientEmail}, ${name},
    ${command.subject}, ${command.scheduledFor}::timestamptz, ${locale},
    ${JSON.stringify(mailed.stored)}::jsonb, ${JSON.stringify(shown.stored)}::jsonb
  )`);
  const { consultation, invitation } = answerSchema.parse(answer);
  if (answer.outcome === "created") noticeConsultation(consultation.id);
  return {
    consultation,
    invitation: invitation && { token: shown.token, expiresAt: invitation.expiresAt },
    repeated: answer.outcome === "repeat",
  };
}

/** Better than nothing until they say it themselves. */
function nameOfAddress(address: string): string {
  return address.slice(0, address.lastIndexOf("@"));
}
