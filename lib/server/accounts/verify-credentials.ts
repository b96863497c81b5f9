import "server-only";
import type { User } from "@/lib/protocol/user";
import { db } from "@/lib/server/db";
import { verifyPassword } from "./password";

/** As e-mail addresses are stored and looked up. */
export function normaliseEmail(email: string): string {
  return email.trim().normalize("NFC").toLowerCase();
}

/** Whose address this is, for counting attempts only. */
export async function accountIdOf(email: string): Promise<string | null> {
  return (await accountOf(email))?.id ?? null;
}

async function accountOf(email: string) {
  const address = normaliseEmail(email);
  return address.includes("\u0000") ? null : db().user.findUnique({ where: { email: address } });
}

/** Somebody who knew their password, and the hash that it matched: another password since proves nothing any more. */
export interface Proven {
  user: User;
  proof: string;
}

/** The active account with this address and password, or null; unknown accounts take as long as wrong passwords. */
export async function verifyCredentials(email: string, password: string): Promise<Proven | null> {
  const account = await accountOf(email);
  // Somebody who was invited and has not chosen a password yet cannot sign in, and takes as long to find that out.
  const passwordHash = account?.invitedAt === null ? account.passwordHash : null;
  const matches = await verifyPassword(password, passwordHash);
  if (!account || !matches || account.disabledAt !== null) return null;
  const { id, role, name, image } = account;
  return { user: { id, role, name, image }, proof: account.passwordHash };
}
