export const LOCALES = ["de", "en"] as const;
export type Locale = (typeof LOCALES)[number];

const DEFAULT_LOCALE: Locale = "en";
export const LOCALE_COOKIE = "murph-locale";
/** IANA name of the viewer's zone, written by the browser so that the next page is right from the first byte. */
export const ZONE_COOKIE = "murph-zone";

/** Null for everything that is not one of our languages. */
export function parseLocale(value: unknown): Locale | null {
  return LOCALES.find((locale) => locale === value) ?? null;
}

/** The first language of an Accept-Language header, by weight, that we speak. */
export function negotiateLocale(acceptLanguage: string | null): Locale {
  const wanted = (acceptLanguage ?? "")
    .slice(0, 1_000)
    .split(",")
    .map((entry) => {
      const [tag = "", ...parameters] = entry.trim().split(";");
      const weight = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
      return { language: tag.toLowerCase().split("-")[0], weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { language } of wanted) {
    const locale = parseLocale(language);
    if (locale) return locale;
  }
  return DEFAULT_LOCALE;
}

/**
 * Null for every name that the Intl of this very runtime does not know: times are not rendered by another (R1). Server
 * and browser each judge for themselves, what they were told by the other and what their own system says.
 */
export function knownZone(value: unknown): string | null {
  if (typeof value !== "string" || value === "" || value.length > 64) return null;
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    return value;
  } catch {
    return null;
  }
}
