import "server-only";
import { cookies, headers } from "next/headers";
import { cache } from "react";
import { wordsOf } from "@/lib/i18n/catalogue";
import { LOCALE_COOKIE, negotiateLocale, parseLocale, parseZone, ZONE_COOKIE } from "@/lib/i18n/locale";

/** The viewer's language: what they chose, else what their browser asks for. Their zone: what their browser told us. */
export const requestViewpoint = cache(async () => {
  const jar = await cookies();
  const zone = jar.get(ZONE_COOKIE)?.value;
  return {
    locale: parseLocale(jar.get(LOCALE_COOKIE)?.value) ?? negotiateLocale((await headers()).get("accept-language")),
    zone: zone ? parseZone(zone) : null,
  };
});

export async function requestWords() {
  return wordsOf((await requestViewpoint()).locale);
}
