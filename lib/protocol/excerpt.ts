const EXCERPT_CODE_POINTS = 140;

/** What a quote shows of the message it quotes: its first 140 code points, null once that is deleted. As in the SQL. */
export function excerptOf(content: string | null): string | null {
  return content === null ? null : Array.from(content).slice(0, EXCERPT_CODE_POINTS).join("");
}
