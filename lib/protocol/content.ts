import * as z from "zod";

export const MAX_CONTENT_CODE_POINTS = 4_000;
const MAX_COMBINING_MARKS_IN_A_ROW = 8;

const loneSurrogate = /\p{Surrogate}/u;
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
 * Message text as it is stored: NFC and trimmed, 1 to 4,000 code points, well-formed, without NUL,
 * visible, at most 8 combining marks in a row. Used on both sides, so the composer refuses what the server would.
 */
export const contentSchema = z
  .string()
  .refine((text) => !loneSurrogate.test(text), "not-well-formed")
  .refine((text) => !text.includes("\u0000"), "contains-nul")
  .transform((text) => text.normalize("NFC").trim())
  .refine((text) => !onlyInvisible.test(text), "empty")
  .refine((text) => countCodePoints(text) <= MAX_CONTENT_CODE_POINTS, "too-long")
  .refine((text) => !tooManyMarks.test(text), "too-many-combining-marks");

/** A single line a person typed (a subject, a note): the same rules as message text with its own limit. */
export function lineSchema(maxCodePoints: number) {
  return contentSchema.refine((text) => countCodePoints(text) <= maxCodePoints, "too-long");
}
