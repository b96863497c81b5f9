import "server-only";
import { type NextRequest, NextResponse } from "next/server";
import * as z from "zod";
import { AppError } from "@/lib/server/app-error";
import { contentType, form, json } from "@/lib/server/http/body";
import { clientAddress } from "@/lib/server/http/client-address";
import { toAppError } from "@/lib/server/http/error-response";
import { isSecure, publicOrigin, requireOwnOrigin } from "@/lib/server/http/origin";
import { appendLocaleCookie } from "@/lib/server/preferences/locale-cookie";
import { savedLocale } from "@/lib/server/preferences/preferences";
import { readViewer } from "@/lib/server/queries/read-viewer";
import { readToken, SESSION_COOKIES } from "./claim-cookie";
import { appendDeviceCookie, readDevice } from "./device-cookie";
import { nextAuthOptions } from "./next-auth-options";
import { runNextAuth } from "./run-next-auth";

/** What this installation uses of next-auth; everything else of it (`_log`, session updates) does not exist here. */
const ACTIONS = {
  GET: new Set(["csrf", "providers", "session", "signin", "signout", "error"]),
  POST: new Set(["callback/credentials", "signout"]),
};

/** Form fields and JSON members alike: what is not a string is not there. */
const fieldsSchema = z
  .record(z.string(), z.unknown())
  .transform((fields) =>
    Object.fromEntries(
      Object.entries(fields).filter((field): field is [string, string] => typeof field[1] === "string"),
    ),
  );

/** `GET` and `POST /api/auth/*`. */
export async function handleAuth(
  request: NextRequest,
  path: string | string[] | undefined,
  method: "GET" | "POST",
): Promise<Response> {
  const action = [path ?? []].flat();
  const name = action.join("/");
  if (!ACTIONS[method].has(name)) {
    const other = method === "GET" ? "POST" : "GET";
    throw new AppError(ACTIONS[other].has(name) ? "method-not-allowed" : "not-found");
  }
  if (name === "session") return sessionAnswer(request);
  // The token in the form proves that the page was ours; a request that says it comes from elsewhere is refused first.
  if (method === "POST") requireOwnOrigin(request.headers, false);

  const body = method === "POST" ? await readFields(request) : {};
  const query = Object.fromEntries(request.nextUrl.searchParams);
  const origin = publicOrigin(request.headers);
  for (const url of [query.callbackUrl, body.callbackUrl]) {
    if (url && !isWebUrl(url, origin)) throw new AppError("malformed-request", { details: { field: "callbackUrl" } });
  }

  let failure: unknown = null;
  let signedIn: string | null = null;
  const secure = isSecure(request.headers);
  const device = await readDevice(request.cookies);
  const options = nextAuthOptions({
    ...{ origin, secure, device },
    address: clientAddress(request.headers),
    userAgent: request.headers.get("user-agent"),
    replaced: (await readToken(request.cookies))?.claim.sessionId ?? null,
    onError: (error) => {
      failure ??= error;
    },
    onSignedIn: (userId) => {
      signedIn = userId;
    },
  });
  try {
    const answer = await runNextAuth(
      { action, method, origin, query, cookies: ownCookies(request, origin), body },
      options,
    );
    if (failure !== null) throw failure;
    if (signedIn !== null) {
      await appendDeviceCookie(answer.headers, device, signedIn, secure);
      await speakTheirLanguage(answer, signedIn);
    }
    if (name === "signout" && endsSession(answer)) answer.headers.set("Clear-Site-Data", FORGET_PAGES);
    return answer;
  } catch (error) {
    const refusal = toAppError(failure ?? error);
    if (isFormOfBrowser(request, body) && refusal.code in FORM_ERRORS) {
      const target = new URL(`/sign-in?error=${FORM_ERRORS[refusal.code as keyof typeof FORM_ERRORS]}`, origin);
      return new Response(null, { status: 303, headers: { Location: target.toString() } });
    }
    throw failure ?? error;
  }
}

/**
 * Pages and files that the browser keeps for going back. Not "storage": words that were not sent are wiped by the page
 * itself, after it has asked (SND5), and stay where there was nobody to ask. Not "cookies": the language is the device's.
 */
const FORGET_PAGES = '"cache"';

function endsSession(answer: Response): boolean {
  return answer.headers.getSetCookie().some((line) => SESSION_COOKIES.some((name) => line.startsWith(`${name}=;`)));
}

/** What they once chose goes before what this browser happens to have. Not worth a failed sign-in. */
async function speakTheirLanguage(answer: Response, userId: string): Promise<void> {
  const locale = await savedLocale(userId).catch(() => null);
  if (locale) appendLocaleCookie(answer.headers, locale);
}

/** Somebody who posted a form reads words on the sign-in page; a program reads a status. */
const FORM_ERRORS = {
  "rate-limited": "RateLimited",
  unavailable: "Unavailable",
  // The password was changed while this sign-in was on its way.
  "session-ended": "CredentialsSignin",
} as const;

function isFormOfBrowser(request: NextRequest, body: Record<string, string>): boolean {
  const wantsPage =
    request.headers.get("sec-fetch-mode") === "navigate" || (request.headers.get("accept") ?? "").includes("text/html");
  return wantsPage && body.json !== "true";
}

/** Read by hand: next-auth would sign people out while the database is away, and seal a new token at each call. */
async function sessionAnswer(request: NextRequest): Promise<Response> {
  const token = await readToken(request.cookies);
  if (!token) return NextResponse.json({});
  try {
    const user = await readViewer(token.claim);
    return NextResponse.json({ user, expires: token.expiresAt.toISOString() });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "session-ended") throw error;
    const answer = NextResponse.json({});
    for (const name of SESSION_COOKIES) {
      if (!request.cookies.has(name)) continue;
      const secure = name.startsWith("__Host-");
      answer.cookies.set(name, "", { httpOnly: true, sameSite: "lax", path: "/", secure, maxAge: 0 });
    }
    return answer;
  }
}

const readForm = form();
const readJson = json(fieldsSchema);

async function readFields(request: NextRequest): Promise<Record<string, string>> {
  if (contentType(request) === "application/json") return readJson(request);
  return Object.fromEntries(await readForm(request));
}

/** next-auth's own cookies; one that holds no address to return to is left out, since next-auth would fail on it. */
function ownCookies(request: NextRequest, origin: string): Record<string, string> {
  const own = request.cookies
    .getAll()
    .filter(({ name }) => /^(__(Host|Secure)-)?next-auth\./.test(name))
    .filter(({ name, value }) => !name.endsWith("callback-url") || isWebUrl(value, origin));
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

function isWebUrl(url: string, origin: string): boolean {
  const base = url.startsWith("/") ? origin : undefined;
  return URL.canParse(url, base) && /^https?:$/.test(new URL(url, base).protocol);
}
