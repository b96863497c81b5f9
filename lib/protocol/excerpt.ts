import { firstCharacters } from "./characters";

const EXCERPT = 140;
const PREVIEW = 120;

/**
 * What a quote shows of the message it quotes: its first 140 characters, null once that is deleted. Cut here only: the
 * SQL gives as much as that may be, and what reads its answers cuts it.
 */
export function excerptOf(content: string | null): string | null {
  return content === null ? null : firstCharacters(content, EXCERPT);
}

/** What a row and a notice show of a message: its first 120 characters on one line. Cut here only, as a quote. */
export function previewOf(content: string): string {
  return firstCharacters(content.replace(/\s+/g, " "), PREVIEW);
}
