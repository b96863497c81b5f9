import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { uuidV4Schema } from "@/lib/protocol/ids";
import { runtime } from "@/lib/runtime";
import { createCsrfCookie, csrfCookieName, readCsrfToken } from "@/lib/server/auth/csrf-cookie";
import { errorResponse } from "@/lib/server/http/error-response";
import { isSecure } from "@/lib/server/http/origin";
import { pageHeaders } from "@/lib/server/http/page-headers";

/** No page is there: it is answered as such, in words. */
const NOWHERE = "/nowhere";

/**
 * Pages and the socket. The API's headers and checks come from its own wrapper, nothing is protected here alone. Files are
 * named one by one: whatever else looks like one is a page's address, and gets a page's headers.
 */
export const config = {
  matcher: [
    "/((?!api/|api$|_next/|icon\\.svg$|apple-touch-icon\\.png$|favicon\\.ico$|icon-192\\.png$|icon-512\\.png$|icon-maskable-512\\.png$|manifest\\.webmanifest$).*)",
  ],
};

export function proxy(request: NextRequest): NextResponse {
  try {
    return joinSocket(request) ?? preparePage(request);
  } catch (error) {
    return errorResponse(error, request);
  }
}

/** A page has one address: nothing that only looks like it, with an ending or an escape, is answered with its content. */
function isPageAddress(path: string): boolean {
  const room = /^\/consultations\/([^/]+)$/.exec(path)?.[1];
  if (room) return room === room.toLowerCase() && uuidV4Schema.safeParse(room).success;
  return /^\/([a-z][a-z-]*(\/[\w-]+)*)?$/.test(path);
}

/** Sockets of the built-in Channels server come in at the page's own origin; its port is known at run time only. */
function joinSocket(request: NextRequest): NextResponse | null {
  const key = /^\/app\/([^/]+)$/.exec(request.nextUrl.pathname)?.[1];
  const { channelsPort } = runtime();
  if (!key || channelsPort === null) return null;
  return NextResponse.rewrite(new URL(`http://127.0.0.1:${channelsPort}/app/${key}${request.nextUrl.search}`));
}

function preparePage(request: NextRequest): NextResponse {
  const nonce = randomBytes(16).toString("base64");
  const path = request.nextUrl.pathname;
  const headers = pageHeaders(request.headers, path, nonce);
  const secure = isSecure(request.headers);
  const csrfName = csrfCookieName(secure);
  const csrf = readCsrfToken(request.cookies.get(csrfName)?.value) ? null : createCsrfCookie();
  // The page that is about to be rendered reads the cookie in this same request.
  if (csrf) request.cookies.set(csrfName, csrf);

  const forwarded = new Headers(request.headers);
  forwarded.set("Content-Security-Policy", headers["Content-Security-Policy"] ?? "");
  forwarded.set("X-Nonce", nonce);
  const init = { request: { headers: forwarded } };
  const response = isPageAddress(path)
    ? NextResponse.next(init)
    : NextResponse.rewrite(new URL(NOWHERE, request.url), init);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  if (csrf) response.cookies.set(csrfName, csrf, { httpOnly: true, sameSite: "lax", path: "/", secure });
  return response;
}
