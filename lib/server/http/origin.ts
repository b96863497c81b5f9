import "server-only";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";

/** Our own origin as browsers see it. Forwarding headers of strangers are gone by now (client-address.ts). */
export function publicOrigin(headers: Headers): string {
  const fixed = runtime().env.nextAuthUrl;
  if (fixed) return new URL(fixed).origin;
  const host = headers.get("x-forwarded-host") ?? headers.get("host") ?? "localhost";
  const scheme = headers.get("x-forwarded-proto")?.split(",")[0]?.trim() === "https" ? "https" : "http";
  return `${scheme}://${host}`;
}

/** Whether browsers reach us over TLS: decides the cookies' names and their Secure flag. */
export function isSecure(headers: Headers): boolean {
  return publicOrigin(headers).startsWith("https:");
}

type OriginEvidence = "ours" | "foreign" | "none";

export function originEvidence(headers: Headers): OriginEvidence {
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin") return "ours";
  if (site && site !== "none") return "foreign";
  const origin = headers.get("origin");
  if (origin === null) return "none";
  return isOurs(origin, headers) ? "ours" : "foreign";
}

/** Without NEXTAUTH_URL the host decides: a proxy that ends TLS may not tell us the scheme. */
function isOurs(origin: string, headers: Headers): boolean {
  const own = publicOrigin(headers);
  if (origin === own) return true;
  if (runtime().env.nextAuthUrl) return false;
  return origin.replace(/^https:/, "http:") === own.replace(/^https:/, "http:");
}

/** Refuses a request that another site made the browser send. `strict` also refuses one that proves nothing. */
export function requireOwnOrigin(headers: Headers, strict: boolean): void {
  const evidence = originEvidence(headers);
  if (evidence === "foreign" || (strict && evidence === "none")) throw new AppError("origin-not-allowed");
}
