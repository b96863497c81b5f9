import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Locale } from "@/lib/i18n/locale";
import type { CreateConsultation } from "@/lib/protocol/commands";
import { timeSchema } from "@/lib/protocol/message";
import { type ConsultationRow, consultationRowSchema } from "@/lib/protocol/snapshot";
import { runtime } from "@/lib/runtime";
import { DEMO_PEOPLE } from "@/lib/server/accounts/demo-data";
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
  /** Of a patient who is asked first: what the mail to them leads to. Only where no mail leaves is it told to anybody. */
  invitation: { token: string; expiresAt: string } | null;
  repeated: boolean;
}

/**
 * A practitioner opens a consultation with the patient of an address. Where these two have none yet the patient is asked
 * first, by a mail: somebody who has no account makes it then, and until then no password opens it. The same id with the
 * same input by the same person is answered with what it made.
 *
 * Throws AppError: session-ended, not-allowed, id-conflict, validation-failed, rate-limited (one person, asked too often).
 */
export async function createConsultation(claim: Claim, command: CreateConsultation, locale: Locale): Promise<Created> {
  const link = newMailToken();
  const name = command.patientName ?? nameOfAddress(command.patientEmail);
  const answer = await callFunction(Prisma.sql`create_consultation(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${command.id}::uuid, ${command.patientEmail}, ${name},
    ${command.subject}, ${command.scheduledFor}::timestamptz, ${locale},
    ${JSON.stringify(link.stored)}::jsonb, ${demoCircle()}::text[]
  )`);
  const { consultation, invitation } = answerSchema.parse(answer);
  if (answer.outcome === "created") noticeConsultation(consultation.id);
  return {
    consultation,
    invitation: invitation && { token: link.token, expiresAt: invitation.expiresAt },
    repeated: answer.outcome === "repeat",
  };
}

/** The demo people are one practice: whoever tries the product finds nobody waiting for an answer. */
function demoCircle(): string[] {
  return runtime().env.demoPeople ? DEMO_PEOPLE.map(({ email }) => email) : [];
}

/** Better than nothing until they say it themselves. */
function nameOfAddress(address: string): string {
  return address.slice(0, address.lastIndexOf("@"));
}
