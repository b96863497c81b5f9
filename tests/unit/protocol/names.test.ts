import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameSchema, subjectSchema } from "@/lib/protocol/content";

const name = (text: string) => {
  const { data, error } = nameSchema(100).safeParse(text);
  return data ?? `refused: ${error?.issues[0]?.message}`;
};
const subject = (text: string) => {
  const { data, error } = subjectSchema(200).safeParse(text);
  return data ?? `refused: ${error?.issues[0]?.message}`;
};

describe("S8 names that nobody can mistake for another", () => {
  test.each([
    ...[
      "O'Brien",
      "O’Brien",
      "Đặng Thị Hà",
      "Anna-Lena Müller-Lüdenscheidt",
      "Łukasz Żółć",
      "Zoë Ångström",
      "İpek Çağ",
    ],
    ...["Núria Gal·la", "ʻOkina Kahananui", "Mª José", "Dr. med. Ngũgĩ wa Thiong'o", "Sœur Émilie", "X Æ A-12"],
    ...[
      "田中 太郎",
      "タナカ",
      "Dr. 田中 Taro",
      "ひらの はなこ Hirano",
      "김철수",
      "Kim 철수",
      "王小明",
      "Wang 王小明",
      "葛\u{e0100}城",
    ],
    ...["محمد علي", "علی\u200cرضا", "פרופ׳ דוד כהן", "Иванов Иван", "Щербаков-Їжак", "Αριστοτέλης Ωνάσης", "अमित कुमार"],
    ...["क्\u200dष", "சுப்பிரமணியம்", "สมชาย ใจดี", "ნინო", "Անի", "ሰላም", "ᏣᎳᎩ", "ⴰⵎⵏⴰⵢ", "မောင်မောင်"],
  ])("S8 %s passes as it is", (real) => {
    expect(name(real)).toBe(real.normalize("NFC"));
    expect(subject(real)).toBe(real.normalize("NFC"));
  });

  test.each([
    ["Dr. Lena Ѡeber", "a Cyrillic omega"],
    ["Dr. Lеna Weber", "a Cyrillic e"],
    ["Αnna Lindner", "a Greek alpha"],
    ["Anna Lindոer", "an Armenian letter"],
    ["Dr. Lena Ꮤeber", "a Cherokee letter"],
    ["Ben Нartmann", "a Cyrillic N"],
    ["Ивaнов", "a Latin a"],
    ["Dr. Lenа", "a Cyrillic a at the end"],
    ["ᎬᏞᎬNA", "Cherokee letters"],
    ["ꓡena", "a Lisu letter"],
    ["Bеn", "one letter of three"],
    ["Ⲁnna", "a Coptic letter"],
    ["ᛒen", "a rune"],
    ["אnna", "a Hebrew letter"],
    ["ハン한", "two that are never written together"],
  ])("S8 %s is refused: %s", (spoof) => {
    expect(name(spoof)).toBe("refused: mixed-scripts");
    expect(subject(`About ${spoof}`)).toBe("refused: mixed-scripts");
  });

  test("S8 in a name no word may be of another script either, in a subject it may", () => {
    for (const text of ["Dr. Lena Сох", "Dr. Иванов"]) expect(name(text)).toBe("refused: mixed-scripts");
    for (const text of ["Frage zu Иванов", "Brief an 田中さん", "محمد: Blood test"]) expect(subject(text)).toBe(text);
  });

  test.each([
    ...["Dr. med. Weber", "Müller-Lüdenscheidt", "Jürgen Groß", "van 't Hoff", "Anna-Lena Ò Cuív", "Seán Ó Sé", "Zoë"],
    ...["O’Neill", "O`Brien", "D´Angelo", "D’Angelo", "Łucja Święcicka", "Ömer Şahin", "Işıl Iğdır", "Nguyễn Thị Ánh"],
    ...[
      "Ọlá Adébáyọ̀",
      "Þórdís Æsa",
      "Ɓala Ɗan Ƙasa",
      "Kɔfi Ɛsi",
      "ʿAlī al-Ḥasan",
      "Māori Tūī",
      "Ħal Ġorġ",
      "Saša Žižić",
    ],
    ...[
      "Prof. Dr. (FH) Jörg Weiß, MSc",
      "Jean-François d'Arc",
      "María José Ñúñez",
      "Anna & Ben",
      "Ann/Marie",
      "Mary 2.",
    ],
    ...["Ольга Дем'яненко", "Ћирић Љубица", "Ғалым Әбіш", "Γιώργος Παπαδόπουλος", "Հովհաննես", "გიორგი", "ഉണ്ണികൃഷ്ണൻ"],
    ...["عبد الله", "محمّد", "פנינה כ״ץ", "یوسف", "डॉ॰ प्रिया", "বিশ্বজিৎ", "ਗੁਰਪ੍ਰੀਤ", "ସୁମିତ୍ରା", "ගුණසේකර"],
    ...[
      "อำนวย",
      "น้ำ",
      "ຄຳ",
      "ໜູ",
      "ཚེ་རིང",
      "សុខា",
      "李〇",
      "佐々木 希",
      "林・太郎",
      "マリー",
      "ヶ丘",
      "박지성",
      "남궁 민수",
    ],
    ...["ᬓᬢᬸᬢ᭄", "ᮃᮞᮨᮕ᮪", "ꯃꯤꯇꯩ", "𞤀𞤣𞤢𞤥", "ᏣᎳᎩ", "ᠮᠣᠩᠭᠣᠯ"],
  ])("S8 %s is a name as it is", (real) => {
    expect(name(real)).toBe(real.normalize("NFC"));
  });

  test.each([
    ["Ⅾr. Weber", "Dr. Weber"],
    ["Lena Weberⅰ", "Lena Weberi"],
    ["ﬂora", "flora"],
    ["Wᵉber", "Weber"],
    ["🄳r. Weber", "Dr. Weber"],
    ["ĳsbrand", "ijsbrand"],
  ])("S8 %s is read as what it looks like", (text, plain) => {
    expect(name(text)).toBe(plain);
  });

  test.each([
    ...[
      "ǃAnna",
      "|Anna",
      "Annaꞏ",
      "ꓸAnna",
      "ʟena",
      "ᴡeber",
      "Annaːlena",
      "Lena\u20dd",
      "Lena ♥",
      "Lena 👩‍⚕️",
      "Dr. Weber ✔",
    ],
    ...["Anna=Lena", "½ Anna", "ↀnna", "Lena\ue000", "Lena\ufffc", "Lena\u{1d159}"],
    ...["\ufffc", "\u2800", "\u{1d159}", "\u{13441}", "\u{13430}", "\u{10480}", "ᛒᛖᚾ", "\ue000", "\u0378"],
  ])("S8 nobody is called %j", (text) => {
    expect(name(text)).toMatch(/^refused: (not-in-names|mixed-scripts|empty)$/);
  });

  test.each(["ノWeber", "Weberー", "一Anna", "ㅣAnna", "Anna工", "タnaka"])(
    "S8 no word of a name is half Latin: %s",
    (text) => {
      expect(name(text)).toBe("refused: mixed-scripts");
    },
  );

  test.each([
    "\ufffc",
    "\u2800",
    "\u{1d159}",
    "\u{13441}\u{13442}",
    "\ufff9\ufffb",
    "\u0301",
    "\u3164",
    "1",
    "...",
    "-",
  ])("S8 a name without any letter is none: %j", (text) => {
    expect(name(text)).toMatch(/^refused: (empty|not-in-names)$/);
  });

  test.each(["\ufffc", "\u2800 \u2800", "\u{1d159}", "\u{13441}", "\ufff9\ufffb", "\u3164"])(
    "S8 a subject that shows nothing is none: %j",
    (text) => {
      expect(subject(text)).toBe("refused: empty");
    },
  );

  test.each(["?", "37 °C", "👍", "€", "♥", "Tシャツ", "ノWeber"])("S8 the subject %s shows something", (text) => {
    expect(subject(text)).toBe(text);
  });

  test.each([
    ...[
      "TNFα und γGT",
      "β-Blocker",
      "α1-Antitrypsin",
      "100 μg, 100 µg",
      "5 kΩ",
      "IFN-γ",
      "ΔF508",
      "TCRαβ",
      "10⁹/l, m²",
    ],
    ...[
      "❤️ Nachsorge",
      "👩🏽‍⚕️ 1️⃣ 👨‍👩‍👧 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
      "37,5 °C → 39 °C",
      "COVID-19",
    ],
  ])("S8 the subject %s passes as it is", (text) => {
    expect(subject(text)).toBe(text.normalize("NFC"));
  });

  test.each([
    ["Dr. \u202eLena\u202c \u2066Weber\u2069", "Dr. Lena Weber"],
    ["\u200eDr.\u200f Lena\u061c Weber", "Dr. Lena Weber"],
    ["Le\u200bna We\u00adber\ufeff", "Lena Weber"],
    ["Le\u200dna W\u200ceber", "Lena Weber"],
    ["Le\u2060na\u3164 We\u115fber", "Lena Weber"],
    ["Lena\ufe0f We\u{e0100}ber", "Lena Weber"],
    ["Lena\u{e0057}\u{e0065} Weber", "Lena Weber"],
    ["Lena\u034f Weber\u180e", "Lena Weber"],
    ["Lena\u00a0\u2003Weber", "Lena Weber"],
  ])("S8 what nobody sees is taken out of %j", (text, seen) => {
    expect([name(text), subject(text)]).toEqual([seen, seen]);
  });

  test.each([
    ["Ｌｅｎａ Ｗｅｂｅｒ", "Lena Weber"],
    ["𝐋𝐞𝐧𝐚 𝖂𝖊𝖇𝖊𝖗", "Lena Weber"],
    ["ⓁⓔⓝⒶ", "LenA"],
    ["ℒena", "Lena"],
    ["ﾀﾅｶ", "タナカ"],
  ])("S8 letters in disguise are plain ones in a name: %s", (text, plain) => {
    expect(name(text)).toBe(plain);
  });

  test("S8 a name of things that nobody sees is none", () => {
    for (const text of ["\u202e", "\u3164\u200b", "\u{e0041}\u{e0042}"]) expect(name(text)).toBe("refused: empty");
  });

  test("S8 it is one form: what was accepted is accepted again as it is", () => {
    const bits = fc.constantFrom(
      ...["a", "L", "е", "Α", "क", "्", "\u200d", "\u200c", "\u200b", "❤", "\ufe0f", "👩", "🏽", "1", "\u20e3", "葛"],
      ...[
        "\u{e0100}",
        "\u{1f3f4}",
        "\u{e0067}",
        "\u{e007f}",
        "\u202e",
        "ﾀ",
        "Ｌ",
        "ﾞ",
        "\u0301",
        " ",
        "ᄀ",
        "ᅡ",
        "ᠠ",
        "\u180b",
      ],
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 12 }), (parts) => {
        for (const schema of [nameSchema(100), subjectSchema(100)]) {
          const { data } = schema.safeParse(parts.join(""));
          if (data !== undefined) expect(schema.parse(data)).toBe(data);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
