import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import { createCsrfCookie, csrfCookieName, readCsrfToken } from "@/lib/server/auth/csrf-cookie";
import { errorResponse } from "@/lib/server/http/error-response";
import { isSecure, requireOwnOrigin } from "@/lib/server/http/origin";
import { pageHeaders } from "@/lib/server/http/page-headers";

/**
 * Pages and the socket. The API's headers and checks come from its own wrapper, nothing is protected here alone; of its
 * paths only those with an escape in them come by, because Next answers 500 to one that it cannot decode.
 */
export const config = {
  matcher: ["/((?!api/|api$|_next/|.*\\.(?:ico|png|svg|jpg|webp|woff2|txt|webmanifest|mp3)$).*)", "/(api/.*%.*)"],
};

export function proxy(request: NextRequest): NextResponse {
  try {
    requireReadablePath(request);
    if (request.nextUrl.pathname.startsWith("/api/")) return NextResponse.next();
    return joinSocket(request) ?? refuseForeignPost(request) ?? preparePage(request);
  } catch (error) {
    return errorResponse(error, request);
  }
}

function requireReadablePath({ nextUrl }: NextRequest): void {
  try {
    decodeURIComponent(nextUrl.pathname);
  } catch {
    throw new AppError("malformed-request", { details: { reason: "path" } });
  }
}

/** Sockets of the built-in Channels server come in at the page's own origin; its port is known at run time only. */
function joinSocket(request: NextRequest): NextResponse | null {
  const key = /^\/app\/([^/]+)$/.exec(request.nextUrl.pathname)?.[1];
  const { channelsPort } = runtime();
  if (!key || channelsPort === null) return null;
  return NextResponse.rewrite(new URL(`http://127.0.0.1:${channelsPort}/app/${key}${request.nextUrl.search}`));
}

/** Server actions judge the origin themselves too; Next would answer 500 to a foreign one and let a missing one pass. */
function refuseForeignPost(request: NextRequest): null {
  if (request.method !== "GET" && request.method !== "HEAD") requireOwnOrigin(request.headers, true);
  return null;
}

function preparePage(request: NextRequest): NextResponse {
  const nonce = randomBytes(16).toString("base64");
  const headers = pageHeaders(request.headers, request.nextUrl.pathname, nonce);
  const secure = isSecure(request.headers);
  const csrfName = csrfCookieName(secure);
  const csrf = readCsrfToken(request.cookies.get(csrfName)?.value) ? null : createCsrfCookie();
  // The page that is about to be rendered reads the cookie in this same request.
  if (csrf) request.cookies.set(csrfName, csrf);

  const forwarded = new Headers(request.headers);
  forwarded.set("Content-Security-Policy", headers["Content-Security-Policy"] ?? "");
  forwarded.set("X-Nonce", nonce);
  const response = NextResponse.next({ request: { headers: forwarded } });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  if (csrf) response.cookies.set(csrfName, csrf, { httpOnly: true, sameSite: "lax", path: "/", secure });
  return response;
}
