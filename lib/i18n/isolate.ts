/** First strong isolate, and its end: what stands between has a direction of its own. */
const [BEGIN, END] = ["\u2068", "\u2069"];
/** Blocks of scripts that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Somebody's words as they stand in a sentence: written the other way they would move what stands around them. */
function isolated<Value>(value: Value): Value | string {
  return typeof value === "string" && RIGHT_TO_LEFT.test(value) ? `${BEGIN}${value}${END}` : value;
}

/** The same words, with everything that is put into their sentences isolated. */
export function isolating<Words>(words: Words): Words {
  if (typeof words === "function") {
    const sentence = words as unknown as (...values: unknown[]) => unknown;
    return ((...values: unknown[]) => sentence(...values.map(isolated))) as Words;
  }
  if (typeof words !== "object" || words === null || Array.isArray(words)) return words;
  return Object.fromEntries(Object.entries(words).map(([key, value]) => [key, isolating(value)])) as Words;
}
