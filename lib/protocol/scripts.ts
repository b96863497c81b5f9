/** Scripts that people write today, and some that look like them. All others count as one. */
const SCRIPTS = [
  ...["Adlam", "Arabic", "Armenian", "Bengali", "Bopomofo", "Canadian_Aboriginal", "Cherokee", "Coptic", "Cyrillic"],
  ...["Deseret", "Devanagari", "Ethiopic", "Georgian", "Glagolitic", "Gothic", "Greek", "Gujarati", "Gurmukhi"],
  ...["Hangul", "Han", "Hebrew", "Hiragana", "Javanese", "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Lisu"],
  ...["Malayalam", "Mandaic", "Mongolian", "Myanmar", "New_Tai_Lue", "Nko", "Oriya", "Osage", "Samaritan", "Sinhala"],
  ...["Syriac", "Tai_Le", "Tai_Tham", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan", "Tifinagh", "Vai", "Yi"],
];

const OTHER = "other";

/** UTS 39, "Highly Restrictive": one script, or Latin beside those that Japanese, Chinese and Korean are written in. */
const TOGETHER = [
  ...SCRIPTS.map((script) => [script]),
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
  [OTHER],
];

const extensions = (script: string) => `\\p{Script_Extensions=${script}}`;
const scriptTests = SCRIPTS.map((script) => ({ script, test: new RegExp(extensions(script), "u") }));
const neutral = /[\p{Script=Common}\p{Script=Inherited}]/u;

/** The scripts that a character is written in; none for signs, digits and marks that belong to no one more than another. */
function scriptsOf(character: string): string[] | null {
  const scripts = scriptTests.filter(({ test }) => test.test(character)).map(({ script }) => script);
  if (scripts.length > 0) return scripts;
  return neutral.test(character) ? null : [OTHER];
}

/** Letters with a joiner in the right place inside a word: Persian and the scripts of India need it. */
const joining = [
  ...["Arabic", "Bengali", "Devanagari", "Gujarati", "Gurmukhi", "Kannada", "Khmer", "Malayalam", "Mandaic"],
  ...["Mongolian", "Myanmar", "Nko", "Oriya", "Sinhala", "Syriac", "Tamil", "Telugu", "Tibetan"],
]
  .map(extensions)
  .join("");

/** What shows nothing by itself, and where it has a purpose: in such words, in emoji, and for forms of ideographs. */
const unseen = new RegExp(
  [
    `(?<!(?!\\p{Default_Ignorable_Code_Point})[${joining}])[\\u200c\\u200d](?<!(?:\\p{Extended_Pictographic}|\\p{Emoji_Modifier})\\ufe0f?\\u200d(?=\\p{Extended_Pictographic}))`,
    "(?<!\\p{Extended_Pictographic}|\\p{Script_Extensions=Han})[\\ufe00-\\ufe0f](?<![0-9#*]\\ufe0f(?=\\u20e3))",
    "(?<!\\p{Script_Extensions=Han})[\\u{e0100}-\\u{e01ef}]",
    "(?<!\\u{1f3f4}[\\u{e0020}-\\u{e007f}]*)[\\u{e0020}-\\u{e007f}]",
    "(?<!(?!\\p{Default_Ignorable_Code_Point})\\p{Script_Extensions=Mongolian})[\\u180b-\\u180d\\u180f]",
    "(?![\\u200c\\u200d\\ufe00-\\ufe0f\\u{e0020}-\\u{e007f}\\u{e0100}-\\u{e01ef}\\u180b-\\u180d\\u180f])\\p{Default_Ignorable_Code_Point}",
  ].join("|"),
  "gu",
);

/** Letters in disguise that stand for plain ones: of full and half width, of formulas, in circles. */
const disguised = /[\u2100-\u214f\u2460-\u24ff\uff01-\uffee\u{1d400}-\u{1d7ff}\u{1f100}-\u{1f1ad}]/gu;

const word = /[\p{L}\p{M}\p{N}\u200c\u200d]+/gu;
/** Greek letters as medicine writes them beside Latin ones (TNFα, γGT, kΩ); none of those that look like a Latin one. */
const greekSign = /[μΩΔ]|(?<![a-zß-öø-ÿ])[αβγδεζηθκλπσςτφχψωΓΘΛΞΠΣΦΨ]+(?![a-zß-öø-ÿ])/gu;

/** Whether letters of scripts stand together that nobody writes a name in, so that one may pass for another. */
export function mixesScripts(text: string): boolean {
  let ways = TOGETHER;
  for (const character of new Set(text)) {
    const scripts = scriptsOf(character);
    if (scripts) ways = ways.filter((way) => scripts.some((script) => way.includes(script)));
  }
  return ways.length === 0;
}

/** The same within one word: a subject may name something in another script. */
export function hasMixedWord(text: string): boolean {
  return (text.replace(greekSign, "").match(word) ?? []).some(mixesScripts);
}

/** Without what nobody sees and what turns the words around it about. */
export function withoutUnseen(text: string): string {
  return text.replace(unseen, "");
}

/** As the letters are that it shows. */
export function inPlainLetters(text: string): string {
  return text.replace(disguised, (letter) => letter.normalize("NFKC"));
}
