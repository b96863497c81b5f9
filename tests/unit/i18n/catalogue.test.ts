import { describe, expect, it } from "vitest";
import { errorWords, wordsOf } from "@/lib/i18n/catalogue";
import { knownZone, LOCALES, negotiateLocale } from "@/lib/i18n/locale";
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

  it.each(LOCALES)(
    "W1 in %s what is put into a sentence moves nothing around it, whichever way it is written",
    (locale) => {
      const { closing, system, chat, people, list } = wordsOf(locale);
      const name = "ليلى حداد";
      for (const sentence of [
        closing.title(name),
        system.added(name, "Dr. Weber"),
        chat.from(name, "3 mg"),
        people.you(name),
      ]) {
        expect(sentence).toContain(`\u2068${name}\u2069`);
      }
      expect(list.from("נועה", name)).toBe(`\u2068נועה\u2069: \u2068${name}\u2069`);
      expect(chat.from("Anna", "3 mg")).toBe("Anna: 3 mg");
    },
  );

  it.each([
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["fr, en;q=0.5, de;q=0.7", "de"],
    ["de;q=0, en", "en"],
    ["fr", "en"],
    [null, "en"],
  ])("A8 Accept-Language %s speaks %s", (header, locale) => {
    expect(negotiateLocale(header)).toBe(locale);
  });

  it.each(["Mars/Olympus", "Etc/Unknown", "", " ", "x".repeat(65), "Europe/Berlin\0", undefined, null, 7, {}])(
    "R1 a zone that Intl does not know is none: %j",
    (zone) => {
      expect(knownZone(zone)).toBe(null);
    },
  );

  it("R1 what Intl knows as a zone, times can be rendered in", () => {
    for (const name of [
      "Europe/Berlin",
      "europe/berlin",
      "UTC",
      "Etc/GMT+5",
      "CET",
      ...Intl.supportedValuesOf("timeZone"),
    ]) {
      const zone = knownZone(name);
      expect(zone, name).not.toBe(null);
      if (zone) expect(clockTime({ locale: "de", zone, zoneKnown: true }, 0), name).toMatch(/^\d\d:\d\d$/);
    }
  });

  it.each([
    "de;q=;;;=,,",
    "*;q=9e99",
    "\0",
    "de_DE.UTF-8@euro",
    "x".repeat(5_000),
    "de;q=NaN, en;q=-1",
    ",".repeat(9_999),
  ])("R1 an Accept-Language that nobody can read still speaks one of ours: %j", (header) => {
    expect(LOCALES).toContain(negotiateLocale(header));
  });

  it("A8 a zone that nobody knows is UTC, and is named", () => {
    const time = Date.parse("2026-11-21T12:00:00.000Z");
    expect(clockTime({ locale: "de", zone: "UTC", zoneKnown: false }, time)).toBe("12:00 UTC");
    expect(clockTime({ locale: "de", zone: "Europe/Berlin", zoneKnown: true }, time)).toBe("13:00");
  });
});
