import type { Locale } from "./locale";

/** Picks the form that the language wants for a number. */
export function plural(locale: Locale, count: number, forms: { one: string; other: string }): string {
  return new Intl.PluralRules(locale).select(count) === "one" ? forms.one : forms.other;
}
