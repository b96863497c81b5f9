import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contentSchema,
  countCodePoints,
  MAX_CONTENT_CODE_POINTS,
  normalText,
  noteSchema,
  subjectSchema,
  withoutUnsendable,
} from "@/lib/protocol/content";

const issueOf = (text: unknown) => contentSchema.safeParse(text).error?.issues[0]?.message ?? null;

describe("message text", () => {
  test.each([
    ["ATK45 empty", "", "empty"],
    ["ATK45 blanks of every kind", " \t\r\n\u00a0\u1680\u2003\u2028\u3000\u0085", "empty"],
    ["ATK45 zero-width", "\u200b\u200c\u200d\u2060\ufeff", "empty"],
    ["ATK45 direction marks", "\u200e\u200f\u061c\u202a\u202e\u2066\u2069", "empty"],
    ["ATK45 combining only", "\u0301\u20dd\ufe0f", "empty"],
    ["ATK45 fillers", "\u115f\u1160\u3164\uffa0\u17b4\u2800", "empty"],
    ["ATK45 tags", "\u{e0061}\u{e0020}", "empty"],
    ["ATK45 controls", "\u0001\u001b\u007f", "empty"],
    ["ATK46 NUL", "a\u0000", "contains-nul"],
    ["lone high surrogate", "a\ud83d", "not-well-formed"],
    ["lone low surrogate", "\ude00a", "not-well-formed"],
    ["ATK49 too long", "a".repeat(4_001), "too-long"],
    ["ATK49 too long in emoji", "😀".repeat(4_001), "too-long"],
    ["ATK49 nine marks", `a${"\u0336".repeat(9)}`, "too-many-combining-marks"],
    ["ATK49 100,000 marks", `a${"\u0300".repeat(100_000)}`, "too-long"],
  ])("%s is refused", (_name, text, issue) => {
    expect(issueOf(text)).toBe(issue);
  });

  test.each([
    "a",
    "👍",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "é",
    "مرحبا",
    "नमस्ते",
    "ก็",
    "a\nb",
    "\u200fשלום",
    ".",
    `a${"\u0336".repeat(8)}`,
  ])("%j is accepted as it is", (text) => expect(contentSchema.parse(text)).toBe(text.normalize("NFC")));

  test("is trimmed and NFC, and the limit counts what is left", () => {
    expect(contentSchema.parse("  e\u0301 \n")).toBe("é");
    expect(contentSchema.parse(`  ${"e\u0301".repeat(MAX_CONTENT_CODE_POINTS)}  `)).toHaveLength(
      MAX_CONTENT_CODE_POINTS,
    );
  });

  test("is judged in bounded time, whatever it is", () => {
    const nasty = [
      "\u0301".repeat(60_000),
      " ".repeat(60_000),
      `${"\u200b".repeat(60_000)}a`,
      "a\u0301".repeat(30_000),
    ];
    const startedAt = performance.now();
    for (const text of nasty) contentSchema.safeParse(text);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test("what is accepted is accepted again unchanged: server and composer cannot disagree", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const first = contentSchema.safeParse(text);
        if (!first.success) return;
        expect(contentSchema.parse(first.data)).toBe(first.data);
        expect(countCodePoints(first.data)).toBeGreaterThan(0);
        expect(first.data).not.toMatch(/\p{M}{9}/u);
        expect(first.data).not.toContain("\u0000");
        expect(first.data.isWellFormed?.() ?? true).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("W9 one normal form", () => {
  test.each([
    ["a\r\nb", "a\nb"],
    ["a\rb", "a\nb"],
    ["a\n\rb", "a\n\nb"],
    ["a\u0085b\u2028c\u2029d\ve\ff", "a\nb\nc\nd\ne\nf"],
    ["\r\n a\tb \u0085", "a\tb"],
    ["A\u030a\r\n", "Å"],
  ])("W9 %j is %j", (text, normal) => {
    expect(contentSchema.parse(text)).toBe(normal);
    expect(normalText(text)).toBe(normal);
    expect(noteSchema(20).parse(text)).toBe(normal);
    expect(subjectSchema(20).parse(text)).toBe(normal.replace(/\s+/g, " "));
  });

  test("W9 a line end counts as one, whatever it was", () => {
    expect(contentSchema.safeParse(`a${"\r\n".repeat(MAX_CONTENT_CODE_POINTS - 2)}b`).success).toBe(true);
    expect(issueOf(`a${"\r\n".repeat(MAX_CONTENT_CODE_POINTS - 1)}b`)).toBe("too-long");
  });

  test.each([
    "\u0007",
    "\u001b",
    "\b",
    "\u001f",
    "\u007f",
    "\u0080",
    "\u009f",
    "\ufffe",
    "\uffff",
    "\ufdd0",
    "\u{1fffe}",
  ])("W9 %j is refused wherever people write, and a field has a space instead", (control) => {
    for (const schema of [contentSchema, noteSchema(20), subjectSchema(20)]) {
      expect(schema.safeParse(`5${control}10`).error?.issues[0]?.message).toBe("contains-control");
    }
    expect(withoutUnsendable(`5${control}10`)).toMatch(/^5 {1,2}10$/);
    expect(withoutUnsendable(`5${control}10`)).toHaveLength(`5${control}10`.length);
  });

  test("W9 a field keeps tabs and line ends", () => {
    expect(withoutUnsendable("a\tb\nc\u2028d\ve\u0000f")).toBe("a\tb\nc\nd\ne f");
  });

  test("W9 nothing in a line turns the words around it about", () => {
    expect(subjectSchema(20).parse("\u202eDr. \u2066Weber\u2069\u200f\u061c")).toBe("Dr. Weber");
    expect(subjectSchema(20).parse("e\u200e\u0301")).toBe("é");
    expect(subjectSchema(20).safeParse("\u202e").error?.issues[0]?.message).toBe("empty");
  });

  test("W9 it is one: what was made normal stays, and both sides agree about it", () => {
    const bits = fc.constantFrom(..."\r\n\v\f\t \u0085\u2028\u2029ae\u0301\u202e\u00a0");
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        expect(normalText(normalText(text))).toBe(normalText(text));
        for (const [schema, unwanted] of [
          [contentSchema, /[\r\v\f\u0085\u2028\u2029]/],
          [subjectSchema(20), /[\r\n\v\f\t\u0085\u2028\u2029\u202e]/],
        ] as const) {
          const { data } = schema.safeParse(text);
          if (data === undefined) continue;
          expect(schema.parse(data)).toBe(data);
          expect(data).not.toMatch(unwanted);
        }
      }),
    );
  });
});

test("a line has its own limit", () => {
  expect(subjectSchema(3).safeParse("abcd").error?.issues[0]?.message).toBe("too-long");
  expect(subjectSchema(3).parse(" abc ")).toBe("abc");
});
