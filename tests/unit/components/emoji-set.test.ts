import { describe, expect, it } from "vitest";
import { EMOJI_COLUMNS, gridStep, REACTION_EMOJI } from "@/components/chat/emoji-set";
import { wordsOf } from "@/lib/i18n/catalogue";
import { LOCALES } from "@/lib/i18n/locale";
import { emojiSchema } from "@/lib/protocol/emoji";

describe("D5 emoji to react with", () => {
  it("D5 each is one that the server takes, and there once", () => {
    for (const emoji of REACTION_EMOJI) expect(emojiSchema.safeParse(emoji).success, emoji).toBe(true);
    expect(new Set(REACTION_EMOJI).size).toBe(REACTION_EMOJI.length);
    expect(REACTION_EMOJI.length % EMOJI_COLUMNS).toBe(0);
  });

  it.each(LOCALES)("D5 each has a name of its own in %s, and no name is left over", (locale) => {
    const names = wordsOf(locale).emoji;
    expect(Object.keys(names).toSorted()).toEqual([...REACTION_EMOJI].toSorted());
    expect(new Set(Object.values(names)).size).toBe(REACTION_EMOJI.length);
  });

  it("D5 arrows, Home and End lead through the grid and stop at its edges", () => {
    const last = REACTION_EMOJI.length - 1;
    expect([gridStep(0, "ArrowLeft"), gridStep(0, "ArrowUp"), gridStep(0, "ArrowRight")]).toEqual([0, 0, 1]);
    expect([gridStep(1, "ArrowDown"), gridStep(7, "ArrowUp")]).toEqual([7, 1]);
    expect([gridStep(last, "ArrowRight"), gridStep(last, "ArrowDown")]).toEqual([last, last]);
    expect([gridStep(8, "Home"), gridStep(8, "End")]).toEqual([6, 11]);
    expect(gridStep(8, "Tab")).toBeNull();
  });
});
