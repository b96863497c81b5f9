import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { timeSchema } from "@/lib/protocol/message";
import { db } from "@/lib/server/db";
import { callFunction } from "@/lib/server/sql-function";
import type { MailFailure } from "./mail-error";

/**
 * How long a sender has a mail for itself. Longer than any call to a mail server takes: after a crash it is also how
 * long the mail waits for the next sender.
 */
const LEASE_SECONDS = 120;
/** With the pauses between them about six hours. Time in which the provider was away does not count. */
const MOST_ATTEMPTS = 12;
const PLANNED_AT_ONCE = 50;

const mailSchema = z.object({
  id: z.uuid(),
  fence: z.int(),
  kind: z.enum(["new-message", "invitation", "password-reset", "password-changed"]),
  to: z.string(),
  consultationId: z.uuid().nullable(),
  locale: z.enum(["de", "en"]).nullable(),
  createdAt: timeSchema,
  /** What it leads to, by a token that is put in at the last moment. */
  link: z.object({ id: z.uuid(), tokenHash: z.string(), expiresAt: timeSchema }).nullable(),
});
/** One mail that this process has to send now. */
export type ClaimedMail = z.infer<typeof mailSchema>;

const plannedSchema = z.object({ planned: z.int(), looked: z.int() });
const claimedSchema = z.object({ mails: z.array(mailSchema), parked: z.array(z.string()), looked: z.int() });

/** Decides who has to be written to by now. `more`: there may be further consultations to look at. */
export async function planMail(delaySeconds: number): Promise<{ planned: number; more: boolean }> {
  const answer = await callFunction(Prisma.sql`plan_mail(${delaySeconds}::integer, ${PLANNED_AT_ONCE}::integer)`);
  const { planned, looked } = plannedSchema.parse(answer);
  return { planned, more: looked === PLANNED_AT_ONCE };
}

/** Takes mails to send; what nobody has to be told of any more is dropped on the way. */
export async function claimMails(most: number): Promise<{ mails: ClaimedMail[]; parked: string[]; more: boolean }> {
  const answer = await callFunction(
    Prisma.sql`claim_mail(${most}::integer, ${LEASE_SECONDS}::integer, ${MOST_ATTEMPTS}::integer)`,
  );
  const { mails, parked, looked } = claimedSchema.parse(answer);
  return { mails, parked, more: looked === most };
}

/** False: another sender has taken over meanwhile. */
export async function recordSent({ id, fence }: ClaimedMail): Promise<boolean> {
  return (await callFunction(Prisma.sql`mail_sent(${id}::uuid, ${fence}::integer)`)).recorded === true;
}

/** Puts it into the simulated mailbox and records it, both or neither. */
export async function simulateSending(
  { id, fence }: ClaimedMail,
  { to, subject, text }: { to: string; subject: string; text: string },
): Promise<void> {
  await callFunction(Prisma.sql`simulate_mail(${id}::uuid, ${fence}::integer, ${to}, ${subject}, ${text})`);
}

/** Answers whether the mail is parked by this: for somebody to look at. */
export async function recordFailure({ id, fence }: ClaimedMail, reason: MailFailure): Promise<boolean> {
  const answer = await callFunction(
    Prisma.sql`mail_failed(${id}::uuid, ${fence}::integer, ${reason}, ${MOST_ATTEMPTS}::integer)`,
  );
  return answer.parked === true;
}

export async function pruneMail(): Promise<void> {
  await db().$executeRaw`SELECT prune_mail()`;
}
