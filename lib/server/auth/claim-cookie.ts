import "server-only";
import { decode } from "next-auth/jwt";
import * as z from "zod";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import type { Claim } from "@/lib/server/claim";

/**
 * `__Host-` over TLS pins the cookie to this very host; next-auth's own name on plain http. Where NEXTAUTH_URL says
 * https only the first is believed: the other could come from a neighbouring host, to sign somebody in as another.
 */
export const SESSION_COOKIES = ["__Host-next-auth.session-token", "next-auth.session-token"] as const;

const tokenSchema = z.object({ sessionId: z.uuidv4(), userId: z.uuidv4(), exp: z.int() });

interface CookieJar {
  get(name: string): { value: string } | undefined;
}

interface Token {
  claim: Claim;
  expiresAt: Date;
}

const MAX_OPENED = 5_000;
const opened = new Map<string, Token>();

/** Opening a token costs a key derivation and a decryption; the same cookie comes with every request of a session. */
async function openToken(sealed: string): Promise<Token> {
  const secret = runtime().nextAuthSecret;
  const key = `${secret}\n${sealed}`;
  const known = opened.get(key);
  if (known && known.expiresAt.getTime() > Date.now()) return known;
  opened.delete(key);
  const { sessionId, userId, exp } = tokenSchema.parse(await decode({ token: sealed, secret }));
  const token = { claim: { sessionId, userId }, expiresAt: new Date(exp * 1_000) };
  if (opened.size >= MAX_OPENED) opened.delete(opened.keys().next().value ?? "");
  opened.set(key, token);
  return token;
}

/**
 * A genuine, unexpired token, or null. Other tokens made with the same secret (state, PKCE) are sealed with another
 * key, and one without our two ids is nobody's.
 */
export async function readToken(cookies: CookieJar): Promise<Token | null> {
  const pinned = runtime().env.nextAuthUrl?.startsWith("https:");
  for (const name of pinned ? SESSION_COOKIES.slice(0, 1) : SESSION_COOKIES) {
    const sealed = cookies.get(name)?.value;
    if (!sealed) continue;
    try {
      return await openToken(sealed);
    } catch {
      // Tampered, expired or of another installation: the same as none.
    }
  }
  return null;
}

/** SND5: a tab that another person's sign-in has taken the cookie from is signed out, not that person. */
export function requireViewer(claim: Claim, expected: string | null): void {
  if (expected !== null && expected !== claim.userId) throw new AppError("session-ended");
}

export async function requireClaim(cookies: CookieJar): Promise<Claim> {
  const token = await readToken(cookies);
  if (!token) throw new AppError("unauthenticated");
  return token.claim;
}
