import "server-only";
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { runtime } from "@/lib/runtime";

/** Stands for the token in a mail that is kept: whoever reads the database finds no link that opens an account. */
export const INVITATION_TOKEN_PLACE = "{invitation-token}";

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The token of an invitation: 256 bits that only this installation's secret makes. It is stored nowhere, only its hash
 * is, and a mail that waits for its provider can still be written.
 */
export function invitationToken(invitationId: string): string {
  const key = Buffer.from(hkdfSync("sha256", runtime().nextAuthSecret, "", "murph invitation", 32));
  return createHmac("sha256", key).update(invitationId).digest("base64url");
}

export function hashInvitationToken(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash("sha256").update(token).digest());
}

/** `hash` as hexadecimal digits, as the database answers it. */
export function isTokenOf(token: string, hash: string): boolean {
  return Buffer.from(hashInvitationToken(token)).toString("hex") === hash;
}

/** Whether something could be a token at all. */
export function looksLikeToken(token: string): boolean {
  return TOKEN.test(token);
}
