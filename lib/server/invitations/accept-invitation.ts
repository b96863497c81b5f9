import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { lineSchema } from "@/lib/protocol/content";
import { passwordSchema } from "@/lib/server/accounts/create-user";
import { hashPassword } from "@/lib/server/accounts/password";
import { AppError } from "@/lib/server/app-error";
import { callFunction } from "@/lib/server/sql-function";
import { countMisses } from "./count-misses";
import { hashInvitationToken, looksLikeToken } from "./invitation-token";

export const acceptInvitationSchema = z.object({
  name: lineSchema(100),
  password: passwordSchema,
});

const invitationSchema = z.object({ name: z.string(), email: z.string() });
export type OpenInvitation = z.infer<typeof invitationSchema>;
const acceptedSchema = z.object({ userId: z.uuid(), consultationId: z.uuid() });

/**
 * Whom a link is for. One that never was, is used or has expired is the same to whoever asks.
 * Throws AppError: not-found, rate-limited.
 */
export async function readInvitation(token: string, address: string): Promise<OpenInvitation> {
  return countMisses(address, async () => {
    const answer = await callFunction(Prisma.sql`read_invitation(${hashOf(token)})`);
    return invitationSchema.parse(answer);
  });
}

/**
 * Makes the account its owner's: a name, a password, and no invitation to it any more. Of two at once one is first.
 * Throws AppError: not-found, rate-limited.
 */
export async function acceptInvitation(
  token: string,
  { name, password }: z.output<typeof acceptInvitationSchema>,
  address: string,
): Promise<{ userId: string; consultationId: string }> {
  // Nobody makes us compute hashes of passwords without a link that works.
  await readInvitation(token, address);
  const passwordHash = await hashPassword(password);
  const answer = await callFunction(Prisma.sql`accept_invitation(${hashOf(token)}, ${name}, ${passwordHash})`);
  return acceptedSchema.parse(answer);
}

function hashOf(token: string): Uint8Array<ArrayBuffer> {
  if (!looksLikeToken(token)) throw new AppError("not-found");
  return hashInvitationToken(token);
}
