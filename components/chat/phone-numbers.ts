import type { FoundLink } from "./web-addresses";

/** A run of digits that begins as a number does, and not in the middle of another one. */
const candidate =
  /(?:(?<![\p{L}\p{N}\p{M}_+#@])\(?\+[1-9]|(?<![\p{L}\p{N}\p{M}_+#@]|\d[.,:/()–\s-])(?:\(?0[1-9]|00[1-9]))[\d \u00a0\u202f()/–-]{0,60}\d/u;
const short = /(?<![\p{L}\p{N}\p{M}_+#@]|\d[.,:/()–\s-])(?:11[02]|911|999|116[ \u00a0]?117)(?![\p{L}\p{N}\p{M}_@])/gu;
const MOST_GROUPS = 9;
/** As much of the words before and behind is looked at. */
const AROUND = 60;

const separator = /^\s?\)?\s?[(/–-]?\s?$/;

/** What a number is followed by when it is not the end of a telephone number: a date, a range, a word. */
const goesOn = /^(?:[\p{L}\p{M}\p{N}_@]|[.,:/–-]\d|-\p{L})/u;
const unit =
  /^\s?(?:(?:[mµμnk]?g|mcg|[mµμd]?l|mmol|mol|mval|I\.?E\.?|IU|[UE]|[kcm]?m|mmHg|bpm|kcal|x|h|min|sek|Uhr|o'clock|Std|Stunden?|hours?|Minuten?|minutes?|Tagen?|Tage|days?|Wochen?|weeks?|Monaten?|months?|Jahren?|years?|Tab|Tabl|Tbl|Tabletten?|tablets?|Kapseln?|capsules?|Tropfen|drops|Hub|Hübe|puffs?|Stück|Euro|EUR|mal\s(?:täglich|tgl|am|pro))(?![\p{L}\p{N}])|[%‰°×€$/])/iu;

const label =
  /(?:PZN|IBAN|BSNR|LANR|KVNR|\bIK|ISBN|EAN|GTIN|NDC|CAS|UDI|LOT|Charge|Ch\.-?B\.?|\bAz\.?|MRN|\bID|(?:Fall|Serien|Geräte|Artikel|Bestell|Mitglieds|Patienten?|Kunden|Konto|Rezept|Auftrags?|Proben?|Labor|Rechnungs?|Versicherten|Vorgangs|Akten|case|order|account|invoice|ref(?:erence)?)[- ]?(?:Nr|Nummer|number|no|ID|zeichen)\.?)[\s:#-]*$/iu;
const phoneWord =
  /(?:\btel|telefon|telephone|phone|\bfon|\bfax|mobil|handy|cell|ruf|\bcall|erreich|nummer|number|☎|📞|📱)[^\d\n]{0,25}$/iu;
const callWord =
  /(?:notruf\p{L}*|notf[aä]ll\p{L}*|notarzt|rettung\p{L}*|notdienst|bereitschaftsdienst|feuerwehr|polizei|rufen?|ruft|wähl(?:en?|t)|telefon|\btel|rufnummer|\bcall|\bdial|\bphone|\bring|emergency)(?![\p{L}])[\s.:,(„“"–-]*(?:(?:Sie|bitte|sofort|gleich|dann|die|den|der|unter|the|now|number|nummer)[\s:]+){0,4}$/iu;
const callAfter = /^\s?(?:anrufen|wählen|rufen|an(?!\p{L}))/iu;

/**
 * International ("+49 …", "0049 …") and German telephone numbers, and these only where they look like one: a mobile
 * number, an area code set apart, or a word before it that says so. A doctor's message is full of other numbers, and
 * a dose or a date must never be something to call.
 */
export function findPhoneNumbers(content: string): FoundLink[] {
  const found: FoundLink[] = [];
  for (let from = 0; ; ) {
    const match = candidate.exec(content.slice(from));
    if (!match) break;
    const start = from + match.index;
    const [run] = match;
    const number = numberIn(run, ...wordsAround(content, start, start + run.length));
    from = start + (number?.text ?? run).length;
    if (number) found.push({ start, end: from, ...number });
  }
  for (const { 0: text, index: start } of content.matchAll(short)) {
    const end = start + text.length;
    if (!isCalled(text, ...wordsAround(content, start, end))) continue;
    found.push({ start, end, text, href: `tel:${text.replace(/\D/g, "")}` });
  }
  return found.sort((a, b) => a.start - b.start);
}

function wordsAround(content: string, start: number, end: number): [before: string, after: string] {
  return [content.slice(Math.max(0, start - AROUND), start), content.slice(end, end + AROUND)];
}

/** The longest beginning of a run of digits that is a number, with something else behind it or another number. */
function numberIn(run: string, before: string, after: string): { text: string; href: string } | null {
  const tokens = [...run.matchAll(/(\D*)(\d+)/g)].map(([whole, gap = "", digits = ""]) => ({ whole, gap, digits }));
  const kind: Kind = label.test(before) ? "labelled" : phoneWord.test(before) ? "spoken of" : "plain";
  let goodEnd = tokens.length <= MOST_GROUPS;
  for (let count = Math.min(tokens.length, MOST_GROUPS); count > 0; count -= 1) {
    const kept = tokens.slice(0, count);
    const text = kept.map(({ whole }) => whole).join("");
    const rest = run.slice(text.length, text.length + AROUND) + after;
    const claimed = goesOn.test(rest) || ((kept.at(-1)?.digits.length ?? 0) <= 3 && unit.test(rest));
    const dialled = goodEnd && !claimed ? dialledOf(text, kept, kind) : null;
    if (dialled) return { text, href: `tel:${dialled}` };
    goodEnd = claimed || /^0\d/.test(kept.at(-1)?.digits ?? "");
  }
  return null;
}

interface Token {
  gap: string;
  digits: string;
}
/** By the words before it: those of another kind of number, those of a telephone, or none that say anything. */
type Kind = "labelled" | "spoken of" | "plain";

function dialledOf(text: string, [first, ...others]: readonly Token[], kind: Kind): string | null {
  if (!first || others.some(({ gap }) => !separator.test(gap))) return null;
  if (text.split("(").length !== text.split(")").length) return null;
  if (first.gap.includes("+")) return internationalOf(text.replace(/\(0\)/, "").replace(/\D/g, ""));
  if (kind === "labelled") return null;
  if (first.digits.startsWith("00")) {
    const known = others.length > 0 ? /^00(?:1|[34]\d{1,2})$/ : /^004[139]/;
    return known.test(first.digits) ? internationalOf(text.replace(/\(0\)/, "").replace(/\D/g, "").slice(2)) : null;
  }
  return isGerman(first, others, kind) ? text.replace(/\D/g, "") : null;
}

function internationalOf(digits: string): string | null {
  const fits = /^[17]/.test(digits) ? digits.length === 11 : digits.length >= 8 && digits.length <= 15;
  return fits ? `+${digits}` : null;
}

function isGerman(area: Token, others: readonly Token[], kind: Kind): boolean {
  const digits = [area, ...others].map((token) => token.digits);
  const length = digits.join("").length;
  if (length > 12) return false;
  if (/^01[5-7]/.test(area.digits)) {
    return others.length === 0 ? length >= 11 : area.digits.length <= 5 && length >= 10;
  }
  if (others.length === 0) return /^0[2-9]/.test(area.digits) && length >= 8 && kind === "spoken of";
  if (!/^(?:0[2-9]\d{1,4}|01(?:80|37)\d?)$/.test(area.digits)) return false;
  const isTimes = digits.every((each) => /^(?:[01]\d|2[0-3])[0-5]\d$/.test(each));
  const isYear = others.length === 1 && /^(?:19|20)\d\d$/.test(digits.at(-1) ?? "");
  const tight = (others[0]?.gap ?? "") === "-";
  const extended = others.length > 1 && others.at(-1)?.gap === "-";
  return !isTimes && !isYear && length >= (extended ? 7 : tight ? 9 : 8);
}

/** "Puls 112" is no number to call: somebody has to say that it is. */
function isCalled(text: string, before: string, after: string): boolean {
  if (goesOn.test(after) || unit.test(after)) return false;
  if (text === "116117") return true;
  return callWord.test(before) || (/(?<!\p{L})die\s$/iu.test(before) && callAfter.test(after));
}
