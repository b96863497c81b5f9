import "./zod-settings";
import * as z from "zod";

/** Made when asked for: a browser that does not know the flag must not fail to load this file. */
function isOneEmoji(text: string): boolean {
  // biome-ignore lint/complexity/useRegexLiterals: a literal with this flag fails where the file is loaded.
  return new RegExp("^\\p{RGI_Emoji}$", "v").test(text);
}

/** Exactly one emoji as Unicode recommends them for interchange, NFC. */
export const emojiSchema = z
  .string()
  .max(64, "not-an-emoji")
  .refine((text) => isOneEmoji(text), "not-an-emoji");

/**
 * Reactions stand in the order of their emoji's code points, the same everywhere and for ever, so that none moves when
 * somebody joins it. PostgreSQL's collation "C" orders UTF-8 alike; JavaScript's own order of strings does not.
 */
export function compareEmoji(a: string, b: string): number {
  const left = Array.from(a, (character) => character.codePointAt(0) ?? 0);
  const right = Array.from(b, (character) => character.codePointAt(0) ?? 0);
  for (const [place, code] of left.entries()) {
    const other = right[place];
    if (other === undefined) return 1;
    if (code !== other) return code - other;
  }
  return left.length - right.length;
}
