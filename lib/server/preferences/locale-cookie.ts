import "server-only";
import { LOCALE_COOKIE, type Locale } from "@/lib/i18n/locale";

const YEAR_SECONDS = 31_536_000;

interface SettableCookies {
  set(name: string, value: string, options: Record<string, unknown>): unknown;
}

/** Keeps the language of this browser; null: whatever the browser asks for. */
export function setLocaleCookie(cookies: SettableCookies, locale: Locale | null): void {
  const maxAge = locale === null ? 0 : YEAR_SECONDS;
  cookies.set(LOCALE_COOKIE, locale ?? "", { path: "/", maxAge, sameSite: "lax", httpOnly: true });
}

/** The same for an answer that is not ours to take apart: next-auth's, whose own cookies must stay as they are. */
export function appendLocaleCookie(headers: Headers, locale: Locale): void {
  headers.append("Set-Cookie", `${LOCALE_COOKIE}=${locale}; Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=lax`);
}
