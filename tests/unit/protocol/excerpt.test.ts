import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialsOf } from "@/components/ui/PersonAvatar";
import { firstCharacters, withoutLastCharacters } from "@/lib/protocol/characters";
import { countCodePoints } from "@/lib/protocol/content";
import { excerptOf, previewOf } from "@/lib/protocol/excerpt";
import { replySchema } from "@/lib/protocol/message";

const charactersIn = (text: string) =>
  Array.from(new Intl.Segmenter("de", { granularity: "grapheme" }).segment(text), ({ segment }) => segment);

const WHOLE = ["👨‍👩‍👧‍👦", "🇩🇪", "👩🏽‍⚕️", "é\u0327", "q\u0307\u0323", "नि", "각", "1️⃣", "a", "😀"];

describe("W8 what is cut is cut between a person's characters", () => {
  it.each(WHOLE)("W8 %s in quotes, previews and what is read aloud", (character) => {
    const text = character.repeat(300);
    for (const [cut, count] of [
      [excerptOf(text), 140],
      [previewOf(text), 120],
      [firstCharacters(text, 299), 299],
    ] as const) {
      expect(cut).toBe(character.repeat(count));
    }
    expect(excerptOf(character.repeat(140))).toBe(character.repeat(140));
    expect(withoutLastCharacters(text, 10)).toBe(character.repeat(290));
  });

  it("W8 a character just behind the last place is left out as a whole", () => {
    expect(excerptOf(`${"x".repeat(139)}👨‍👩‍👧‍👦 and more`)).toBe(`${"x".repeat(139)}👨‍👩‍👧‍👦`);
    expect(excerptOf(`${"x".repeat(140)}👨‍👩‍👧‍👦`)).toBe("x".repeat(140));
    expect(previewOf(`a\r\n\t b${"x".repeat(200)}`)).toBe(`a b${"x".repeat(117)}`);
    expect(excerptOf(null)).toBeNull();
  });

  it("W8 a character without end does not make a quote without end", () => {
    const endless = Array(2_000).fill("👩").join("\u200d");
    expect(countCodePoints(excerptOf(endless) ?? "")).toBe(1_400);
    expect(excerptOf(`ab${endless}`)).toBe("ab");
  });

  it("W8 the server and a reader who cuts again come to the same words, also from as much as the database gives", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...WHOLE, "\u200d", "\u0301", "\ufe0f"), { maxLength: 400 }), (parts) => {
        const text = parts.join("");
        const excerpt = excerptOf(text) ?? "";
        expect(excerptOf(excerpt)).toBe(excerpt);
        expect(excerptOf(Array.from(text).slice(0, 1_401).join(""))).toBe(excerpt);
        expect(text.startsWith(excerpt)).toBe(true);
        const whole = charactersIn(text);
        expect(whole.slice(0, charactersIn(excerpt).length).join("")).toBe(excerpt);
        expect(previewOf(previewOf(text))).toBe(previewOf(text));
      }),
      { numRuns: 200 },
    );
  });

  it("W8 quotes are cut where an answer is read", () => {
    const reply = { id: "01900000-0000-7000-8000-000000000001", seq: 1, senderName: "Anna", excerpt: "🇩🇪".repeat(200) };
    expect(replySchema.parse(reply).excerpt).toBe("🇩🇪".repeat(140));
  });

  it.each([
    ["Dr. Lena Weber", "LW"],
    ["Q\u0307a Z", "Q\u0307Z"],
    ["निशा कुमार", "निकु"],
    ["👩🏽‍⚕️ Anna 🇩🇪", "A"],
    ["🇩🇪", "?"],
    ["𝒜nna 𝔹", "𝒜𝔹"],
    ["ilse", "I"],
  ])("W8 the initials of %s are %s", (name, initials) => expect(initialsOf(name)).toBe(initials));
});
