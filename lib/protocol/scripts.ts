/** Scripts that people write today: those that UAX 31 recommends or has in limited use, and Mongolian. All others count as one. */
const SCRIPTS = [
  ...["Adlam", "Arabic", "Armenian", "Balinese", "Bamum", "Batak", "Bengali", "Bopomofo", "Canadian_Aboriginal"],
  ...["Chakma", "Cham", "Cherokee", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi"],
  ...["Hangul", "Han", "Hanifi_Rohingya", "Hebrew", "Hiragana", "Javanese", "Kannada", "Katakana", "Kayah_Li", "Khmer"],
  ...[
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Lisu",
    "Malayalam",
    "Mandaic",
    "Meetei_Mayek",
    "Miao",
    "Mongolian",
    "Myanmar",
  ],
  ...["New_Tai_Lue", "Newa", "Nko", "Nyiakeng_Puachue_Hmong", "Ol_Chiki", "Oriya", "Osage", "Saurashtra", "Sinhala"],
  ...["Sundanese", "Syloti_Nagri", "Syriac", "Tai_Le", "Tai_Tham", "Tai_Viet", "Tamil", "Telugu", "Thaana", "Thai"],
  ...["Tibetan", "Tifinagh", "Vai", "Wancho", "Yi"],
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

/**
 * What may be a letter in disguise, for which Unicode has a plain one (NFKC): of formulas, in circles, Roman numbers,
 * ligatures. Thai and Lao are written with letters that it only takes apart, and Mª is a name.
 */
const disguised = /(?![ªº\p{Script=Thai}\p{Script=Lao}])[\p{L}\p{N}\p{So}]/gu;
const plainLetters = /^[\p{L}\p{M}\p{N}]+$/u;
const otherWidth = /[\uff01-\uffee]/gu;

/** Letters, marks, digits and punctuation; no signs, numbers of other kinds, or what fills nothing. */
const inNames = /^[\p{L}\p{Mn}\p{Mc}\p{Nd}\p{P}\p{Script=Han} \u0060\u00b4\u200c\u200d]$/u;
const letter = /^\p{L}$/u;
/** Letters of no script that stand in names: half rings and apostrophes, as in Hawaiian and transcribed Arabic. */
const apostrophes = /^[\u02b9-\u02bf]$/u;
/** In these a letter has a partner of the other case; what has none writes sounds, or only looks like a letter. */
const cased = /^(?![ªº])[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]$/u;
/** Signs that are seen, of which there is no end. */
const seen = /^[\p{P}\p{N}\p{Sm}\p{Sc}\p{Extended_Pictographic}]$/u;

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

/** Whether a word is partly of Latin letters: they may stand beside Japanese, Chinese and Korean names, not in them. */
export function hasHalfLatinWord(name: string): boolean {
  return (name.match(word) ?? []).some((each) => {
    const latin = [...each].flatMap((character) => scriptsOf(character)?.includes("Latin") ?? []);
    return latin.includes(true) && latin.includes(false);
  });
}

/** Whether names are written with all of it today. */
export function isWrittenInNames(name: string): boolean {
  return [...new Set(name)].every((character) => {
    if (!letter.test(character)) return inNames.test(character);
    if (cased.test(character)) return character.toLowerCase() !== character.toUpperCase();
    return scriptsOf(character) ? isOfScriptInUse(character) : apostrophes.test(character);
  });
}

/** Whether it has a letter of a script in use, or a sign that is seen: not blanks that Unicode calls letters or symbols. */
export function showsSomething(text: string): boolean {
  return [...new Set(text)].some(
    (character) => seen.test(character) || (letter.test(character) && isOfScriptInUse(character)),
  );
}

function isOfScriptInUse(character: string): boolean {
  return !scriptsOf(character)?.includes(OTHER);
}

/** Without what nobody sees and what turns the words around it about. */
export function withoutUnseen(text: string): string {
  return text.replace(unseen, "");
}

/** As the letters are that it shows. */
export function inPlainLetters(text: string): string {
  return text
    .replace(otherWidth, plain)
    .replace(disguised, (sign) => (plainLetters.test(plain(sign)) ? plain(sign) : sign));
}

function plain(sign: string): string {
  return sign.normalize("NFKC");
}
