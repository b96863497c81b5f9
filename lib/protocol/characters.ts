import { countCodePoints } from "./content";

/** A person's character may be many code points (a family, a flag, stacked accents), but not without end. */
const CODE_POINTS_A_CHARACTER = 10;

let segmenter: Intl.Segmenter | null = null;

/** What a person takes for characters. A browser that cannot tell counts code points. */
export function* charactersOf(text: string): Generator<string> {
  if (!("Segmenter" in Intl)) return yield* text;
  // One language for everybody: where a text is cut must not depend on who reads it.
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** The first characters of a text, none of them cut apart; at most ten times as many code points. */
export function firstCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  let taken = "";
  let room = most * CODE_POINTS_A_CHARACTER;
  let count = 0;
  for (const character of charactersOf(text)) {
    room -= countCodePoints(character);
    if (count === most || room < 0) break;
    taken += character;
    count += 1;
  }
  return (
    taken ||
    Array.from(text)
      .slice(0, most * CODE_POINTS_A_CHARACTER)
      .join("")
  );
}

/** Without so many characters at its end. */
export function withoutLastCharacters(text: string, count: number): string {
  return [...charactersOf(text)].slice(0, -count).join("");
}
