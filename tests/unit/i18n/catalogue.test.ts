import { describe, expect, it } from "vitest";
import { errorWords, wordsOf } from "@/lib/i18n/catalogue";
import { LOCALES, negotiateLocale, parseZone } from "@/lib/i18n/locale";
import { clockTime } from "@/lib/i18n/time";
import { errorCodeSchema } from "@/lib/protocol/errors";

describe("A8 words", () => {
  it.each(LOCALES)("A8 every refusal has words of its own in %s", (locale) => {
    const words = wordsOf(locale);
    for (const code of errorCodeSchema.options) expect(errorWords(words, code)).not.toBe(words.errors.unknown);
    for (const hostile of ["constructor", "__proto__", "", null]) {
      expect(errorWords(words, hostile)).toBe(words.errors.unknown);
    }
  });

  it("A8 numbers bend the words", () => {
    expect(wordsOf("de").chat.newMessages(1)).toBe("1 neue Nachricht");
    expect(wordsOf("de").chat.newMessages(1_200)).toBe("1.200 neue Nachrichten");
    expect(wordsOf("en").chat.newMessages(0)).toBe("0 new messages");
  });

  it.each([
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["fr, en;q=0.5, de;q=0.7", "de"],
    ["de;q=0, en", "en"],
    ["fr", "en"],
    [null, "en"],
  ])("A8 Accept-Language %s speaks %s", (header, locale) => {
    expect(negotiateLocale(header)).toBe(locale);
  });

  it("A8 a zone that nobody knows is UTC, and is named", () => {
    expect(parseZone("Mars/Olympus")).toBe("UTC");
    const time = Date.parse("2026-11-21T12:00:00.000Z");
    expect(clockTime({ locale: "de", zone: "UTC", zoneKnown: false }, time)).toBe("12:00 UTC");
    expect(clockTime({ locale: "de", zone: "Europe/Berlin", zoneKnown: true }, time)).toBe("13:00");
  });
});
