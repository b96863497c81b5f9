import "server-only";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { runtime } from "@/lib/runtime";

/** next-auth's double-submit cookie, `token|hash`, made here too so that a page can render its form at first sight. */
export function csrfCookieName(secure: boolean): string {
  return `${secure ? "__Host-" : ""}next-auth.csrf-token`;
}

export function createCsrfCookie(): string {
  const token = randomBytes(32).toString("hex");
  return `${token}|${hashToken(token)}`;
}

/** The token inside a genuine cookie, else null. */
export function readCsrfToken(cookie: string | undefined): string | null {
  const [token = "", hash = ""] = cookie?.split("|") ?? [];
  const expected = hashToken(token);
  if (hash.length !== expected.length || !timingSafeEqual(Buffer.from(hash), Buffer.from(expected))) return null;
  return token;
}

function hashToken(token: string): string {
  return createHash("sha256").update(`${token}${runtime().nextAuthSecret}`).digest("hex");
}
