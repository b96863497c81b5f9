import type { Refusal } from "@/lib/browser/management-api";
import { errorWords } from "@/lib/i18n/catalogue";
import type { Catalogue } from "@/lib/i18n/en";

/** Words for a refusal: those of this place if it has any for a field or for the code, else what the code says anywhere. */
export function refusalWords(
  words: Catalogue,
  { code, fields }: Refusal,
  own: Readonly<Record<string, string>>,
): string {
  for (const reason of [...Object.values(fields), code]) {
    const found = Object.hasOwn(own, reason) ? own[reason] : undefined;
    if (found !== undefined) return found;
  }
  return errorWords(words, code);
}
