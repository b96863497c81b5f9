import "server-only";
import type { NextRequest } from "next/server";
import { LOCALE_COOKIE, type Locale, negotiateLocale, parseLocale } from "@/lib/i18n/locale";

/** The language that whoever asks has chosen, or else their browser. */
export function requestLocale({ cookies, headers }: Pick<NextRequest, "cookies" | "headers">): Locale {
  return parseLocale(cookies.get(LOCALE_COOKIE)?.value) ?? negotiateLocale(headers.get("accept-language"));
}
