const EXCERPT_CODE_POINTS = 140;

/** What a quote shows of the message it quotes: its first 140 code points on one line; null once it is deleted. */
export function excerptOf(content: string | null): string | null {
  if (content === null) return null;
  return Array.from(content.replace(/\s+/gu, " ")).slice(0, EXCERPT_CODE_POINTS).join("");
}
