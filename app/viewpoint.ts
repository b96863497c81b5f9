import "server-only";
import { cookies, headers } from "next/headers";
import { cache } from "react";
import { wordsOf } from "@/lib/i18n/catalogue";
import { knownZone, LOCALE_COOKIE, negotiateLocale, parseLocale, ZONE_COOKIE } from "@/lib/i18n/locale";
import { reachOurs } from "@/lib/server/http/reach";

/** The viewer's language: what they chose, else what their browser asks for. Their zone: what their browser told us. */
export const requestViewpoint = cache(async () => {
  reachOurs();
  const jar = await cookies();
  return {
    locale: parseLocale(jar.get(LOCALE_COOKIE)?.value) ?? negotiateLocale((await headers()).get("accept-language")),
    zone: knownZone(jar.get(ZONE_COOKIE)?.value),
  };
});

export async function requestWords() {
  return wordsOf((await requestViewpoint()).locale);
}
