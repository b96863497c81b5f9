import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Locale } from "@/lib/i18n/locale";
import { countCall } from "@/lib/server/http/rate-limit";
import { logger } from "@/lib/server/log";
import { countMisses } from "@/lib/server/mail-tokens/count-misses";
import { hashMailToken, newMailToken } from "@/lib/server/mail-tokens/mail-token";
import { endConnections } from "@/lib/server/presence/end-connections";
import { callFunction } from "@/lib/server/sql-function";
import { hashPassword } from "./password";

/**
 * Writes a link to the owner of this address, if there is one. Whoever asks is answered before anybody has looked whether
 * there is one, so neither what they are told nor how long it takes says anything of it; `looked` is for tests.
 * Throws AppError: rate-limited.
 */
export async function requestPasswordReset(
  email: string,
  address: string,
  locale: Locale,
): Promise<{ looked: Promise<void> }> {
  await countCall("resets", address);
  // Where the database is away they are told.
  await callFunction(Prisma.sql`'{"outcome": "ok"}'::jsonb`);
  return { looked: storeLink(email, locale) };
}

async function storeLink(email: string, locale: Locale): Promise<void> {
  const { id, tokenHash } = newMailToken().stored;
  try {
    await callFunction(
      Prisma.sql`request_password_reset(${email}, ${locale}, ${id}::uuid, decode(${tokenHash}, 'hex'))`,
    );
  } catch (error) {
    logger().error({ err: error }, "a link for a forgotten password was not stored");
  }
}

/** Whose password a link changes. Throws AppError: not-found, rate-limited. */
export async function readPasswordReset(token: string, address: string): Promise<{ email: string }> {
  return countMisses(address, async () => {
    const answer = await callFunction(Prisma.sql`read_password_reset(${hashMailToken(token)})`);
    return z.object({ email: z.string() }).parse(answer);
  });
}

/**
 * Sets the password; everybody who was signed in to this account is not any more, and no other link works.
 * Throws AppError: not-found, rate-limited.
 */
export async function resetPassword(
  token: string,
  password: string,
  address: string,
  locale: Locale,
): Promise<{ userId: string; proof: string }> {
  // Nobody makes us compute hashes of passwords without a link that works.
  await readPasswordReset(token, address);
  const proof = await hashPassword(password);
  const answer = await callFunction(Prisma.sql`reset_password(${hashMailToken(token)}, ${proof}, ${locale})`);
  const { userId } = z.object({ userId: z.uuid() }).parse(answer);
  void endConnections(userId);
  return { userId, proof };
}
