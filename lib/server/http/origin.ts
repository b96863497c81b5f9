import "server-only";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";

/**
 * Our own origin as browsers see it. Forwarding headers of strangers are gone by now (client-address.ts).
 * Throws AppError: malformed-request, where Host cannot be one.
 */
export function publicOrigin(headers: Headers): string {
  const fixed = runtime().env.nextAuthUrl;
  if (fixed) return new URL(fixed).origin;
  const host = firstOf(headers.get("x-forwarded-host")) ?? headers.get("host") ?? "localhost";
  const scheme = firstOf(headers.get("x-forwarded-proto")) === "https" ? "https" : "http";
  const origin = `${scheme}://${host}`;
  // It goes into redirects and the Content-Security-Policy: nothing but a host name and a port may stand there.
  if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(origin)) {
    throw new AppError("malformed-request", { details: { field: "host" } });
  }
  return origin;
}

/** Each proxy on the way adds its own view at the end; the browser's is the first. */
function firstOf(list: string | null): string | undefined {
  return list?.split(",")[0]?.trim();
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
