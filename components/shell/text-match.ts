import { normalText } from "@/lib/protocol/content";

/** Without case, accents, umlauts and what cannot be seen, so that "muller" finds "Müller". */
function fold(text: string): string {
  return normalText(text)
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .replaceAll("ß", "ss")
    .toLowerCase();
}

/** Whether each word of the query stands in one of the texts. */
export function matches(query: string, texts: readonly string[]): boolean {
  const words = fold(query).split(/\s+/u).filter(Boolean);
  if (words.length === 0) return true;
  const folded = texts.map(fold);
  return words.every((word) => folded.some((text) => text.includes(word)));
}
