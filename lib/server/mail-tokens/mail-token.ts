import "server-only";
import { createHash, createHmac, hkdfSync, randomUUID } from "node:crypto";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";

/** Stands for the token in a mail that is kept: whoever reads the database finds no link that opens an account. */
export const MAIL_TOKEN_PLACE = "{token}";

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The secret of a link that reaches a mailbox only, by the id of what it is for (an invitation, a forgotten password): 256
 * bits that only this installation's own secret makes. It is stored nowhere, only its hash is, and a mail that waits for
 * its provider can still be written.
 */
export function mailToken(id: string): string {
  const key = Buffer.from(hkdfSync("sha256", runtime().nextAuthSecret, "", "murph mail token", 32));
  return createHmac("sha256", key).update(id).digest("base64url");
}

/** What a link is for, its secret, and what the database keeps of that. */
export function newMailToken() {
  const id = randomUUID();
  const token = mailToken(id);
  return { token, stored: { id, tokenHash: hexOf(token) } };
}

/** What a token is looked up by. Throws AppError: not-found, of what cannot be one. */
export function hashMailToken(token: string): Uint8Array<ArrayBuffer> {
  if (!TOKEN.test(token)) throw new AppError("not-found");
  return hashOf(token);
}

/** `hash` as hexadecimal digits, as the database answers it. */
export function isTokenOf(token: string, hash: string): boolean {
  return hexOf(token) === hash;
}

function hexOf(token: string): string {
  return Buffer.from(hashOf(token)).toString("hex");
}

function hashOf(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash("sha256").update(token).digest());
}
