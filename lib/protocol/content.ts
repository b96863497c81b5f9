import "./zod-settings";
import * as z from "zod";
import {
  hasHalfLatinWord,
  hasMixedWord,
  inPlainLetters,
  isWrittenInNames,
  mixesScripts,
  showsSomething,
  withoutUnseen,
} from "./scripts";

export const MAX_CONTENT_CODE_POINTS = 4_000;
const MAX_COMBINING_MARKS_IN_A_ROW = 8;

const loneSurrogate = /\p{Surrogate}/u;
/** As in the SQL function line_ends. */
const lineEnd = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;
/** Controls that are no white space, and what Unicode keeps for programs' own use. */
const unsendable = /(?![\t\n])[\p{Cc}\p{Noncharacter_Code_Point}]/gu;
/** Marks, separators, controls, format characters, and the blanks Unicode calls letters or symbols. */
const onlyInvisible = /^[\p{M}\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u;
const tooManyMarks = new RegExp(`\\p{M}{${MAX_COMBINING_MARKS_IN_A_ROW + 1},}`, "u");

/** Number of Unicode code points, the unit of every length limit on text. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * The one form in which text is stored, counted and compared, whoever typed it where: each line end, of whatever kind,
 * is one "\n"; NFC; nothing blank around it.
 */
export function normalText(text: string): string {
  return text.replace(lineEnd, "\n").normalize("NFC").trim();
}

/** Of one line: white space is single spaces, and nothing is there that nobody sees. */
function normalLine(text: string): string {
  return normalText(withoutUnseen(text)).replace(/\s+/g, " ");
}

/** For words in a field: spaces of the same length in place of what would be refused and nobody sees. */
export function withoutUnsendable(text: string): string {
  return text.replace(lineEnd, "\n").replace(unsendable, (character) => " ".repeat(character.length));
}

function textSchema(normal: (text: string) => string, maxCodePoints: number) {
  return (
    z
      .string()
      .refine((text) => !loneSurrogate.test(text), "not-well-formed")
      .refine((text) => !text.includes("\u0000"), "contains-nul")
      .transform(normal)
      .refine((text) => !onlyInvisible.test(text), "empty")
      .refine((text) => text.search(unsendable) < 0, "contains-control")
      // Nothing more is asked of it then: to look at each character of what is far too long takes its time.
      .refine((text) => countCodePoints(text) <= maxCodePoints, { error: "too-long", abort: true })
      .refine((text) => !tooManyMarks.test(text), "too-many-combining-marks")
  );
}

/**
 * Message text as it is stored: in normal form, 1 to 4,000 code points, well-formed, without NUL and other controls
 * than tabs and line ends, visible, at most 8 combining marks in a row. Used on both sides, so the composer refuses what
 * the server would.
 */
export const contentSchema = textSchema(normalText, MAX_CONTENT_CODE_POINTS);

/** Text of several lines with its own limit (a note), by the same rules. */
export function noteSchema(maxCodePoints: number) {
  return textSchema(normalText, maxCodePoints);
}

/**
 * A person's name: one line, in plain letters of scripts that are written together (UTS 39, "Highly Restrictive", and no
 * word half Latin), with nothing in it that names are not written with.
 */
export function nameSchema(maxCodePoints: number) {
  return textSchema((text) => normalLine(inPlainLetters(text)), maxCodePoints)
    .refine((name) => !mixesScripts(name) && !hasHalfLatinWord(name), "mixed-scripts")
    .refine(isWrittenInNames, "not-in-names")
    .refine((name) => /\p{L}/u.test(name), "empty");
}

/** What a consultation is about: one line that shows something, no word of which mixes scripts. */
export function subjectSchema(maxCodePoints: number) {
  return textSchema(normalLine, maxCodePoints)
    .refine((subject) => !hasMixedWord(subject), "mixed-scripts")
    .refine(showsSomething, "empty");
}
