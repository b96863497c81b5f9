import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { nameSchema } from "@/lib/protocol/content";
import { eventSchema } from "@/lib/protocol/event";
import { consultationStatusSchema, timeSchema } from "@/lib/protocol/message";
import { roleSchema } from "@/lib/protocol/user";
import { passwordSchema } from "@/lib/server/accounts/create-user";
import { hashPassword } from "@/lib/server/accounts/password";
import { tellRelay } from "@/lib/server/log/append-event";
import { countMisses } from "@/lib/server/mail-tokens/count-misses";
import { hashMailToken } from "@/lib/server/mail-tokens/mail-token";
import { relayOwner } from "@/lib/server/relay/process-relay";
import { callFunction } from "@/lib/server/sql-function";

export const acceptInvitationSchema = z.object({
  name: nameSchema(100),
  password: passwordSchema,
});

const invitationSchema = z.object({
  /** Whose mailbox it reached; `account`: they have one and sign in to answer. */
  ...{ userId: z.uuid(), account: z.boolean(), name: z.string(), email: z.string() },
  inviter: z.object({ name: z.string(), role: roleSchema }),
  subject: z.string(),
  status: consultationStatusSchema,
  scheduledFor: timeSchema.nullable(),
});
export type OpenInvitation = z.infer<typeof invitationSchema>;
const acceptedSchema = z.object({
  userId: z.uuid(),
  consultationId: z.uuid(),
  appended: z.array(z.looseObject({ event: eventSchema })),
});

/**
 * Whom a link is for, who invites them and what to. One that never was, is used or has expired is the same to whoever
 * asks; `details.reason` of one that was taken back is "withdrawn".
 * Throws AppError: not-found, rate-limited.
 */
export async function readInvitation(token: string, address: string): Promise<OpenInvitation> {
  return countMisses(address, async () => {
    const answer = await callFunction(Prisma.sql`read_invitation(${hashMailToken(token)})`);
    return invitationSchema.parse(answer);
  });
}

/**
 * Makes the account its owner's, with a name and a password, and accepts what the practitioner has asked who invites. Of
 * two at once one is first. Throws AppError: not-found (also where there is an account already), rate-limited.
 */
export async function acceptInvitation(
  token: string,
  { name, password }: z.output<typeof acceptInvitationSchema>,
  address: string,
): Promise<{ userId: string; consultationId: string }> {
  // Nobody makes us compute hashes of passwords without a link that works.
  await readInvitation(token, address);
  const passwordHash = await hashPassword(password);
  const answer = await callFunction(
    Prisma.sql`accept_invitation(${hashMailToken(token)}, ${name}, ${passwordHash}, ${relayOwner()}::uuid)`,
  );
  const { userId, consultationId, appended } = acceptedSchema.parse(answer);
  for (const { event, ...told } of appended) tellRelay(event, told);
  return { userId, consultationId };
}
