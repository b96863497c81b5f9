import { en } from "@/lib/i18n/en";

/** What a page showed, noted by the page itself at every change of its document. Times are milliseconds since 1970. */
export type PageEntry =
  | { kind: "bubble"; at: number; id: string; token: string; seq: number | null; status: string | null }
  | { kind: "connection"; at: number; status: string }
  | { kind: "doubled" | "order"; at: number; detail: string };

/** Bubbles as they stand in the document, from top to bottom. */
export interface Bubble {
  id: string;
  token: string;
  seq: number | null;
}

interface Recorded {
  __chaos?: { drain(): PageEntry[]; bubbles(): Bubble[]; hidden: boolean };
}

/** First words of every message typed here: person, number of that person's message, and so an order of its own. */
export const TOKEN = "[a-z]+-\\d+";

const { sent, delivered, read, queued, sending, parked } = en.chat.delivery;
const RECORDER = { token: TOKEN, statuses: { sent, delivered, read, queued, sending, parked } };

/** To be run in every page before its own scripts. */
export const INIT_SCRIPTS = [
  // Functions that the transpiler names call this helper, which no page has.
  "globalThis.__name = (target) => target;",
  `(${record.toString()})(${JSON.stringify(RECORDER)});`,
];

function record({ token, statuses }: { token: string; statuses: Record<string, string> }): void {
  const page = window as unknown as Recorded & typeof globalThis;
  const tokenAtStart = new RegExp(`^${token}`);
  // Longest first: no word of a status may be found inside another's.
  const words = Object.entries(statuses).sort(([, a], [, b]) => b.length - a.length);
  const entries: PageEntry[] = [];
  const known = new Map<string, string>();
  const idOfToken = new Map<string, string>();
  const complained = new Set<string>();
  let connection = "";

  const complain = (kind: "doubled" | "order", at: number, detail: string) => {
    if (complained.has(detail)) return;
    complained.add(detail);
    entries.push({ kind, at, detail });
  };
  const statusIn = (article: Element, id: string) => {
    const foot = document.getElementById(`message-${id}-foot`)?.textContent ?? "";
    return (article && words.find(([, word]) => foot.includes(word))?.[0]) ?? null;
  };
  const bubbles = () =>
    [...document.querySelectorAll('[role="log"] article[id^="message-"]')].map((article) => {
      const id = article.id.slice("message-".length);
      const text = document.getElementById(`message-${id}-text`)?.textContent ?? "";
      const seq = article.getAttribute("data-seq");
      return { article, id, token: tokenAtStart.exec(text)?.[0] ?? "", seq: seq === null ? null : Number(seq) };
    });

  const look = () => {
    const at = Date.now();
    const now = document.querySelector("[data-connection]")?.getAttribute("data-connection") ?? "";
    if (now !== connection) {
      connection = now;
      entries.push({ kind: "connection", at, status: now });
    }
    let lastSeq = 0;
    let unsentSeen = "";
    const lastOwn = new Map<string, number>();
    const here = new Set<string>();
    for (const { article, id, token: words, seq } of bubbles()) {
      if (here.has(id)) complain("doubled", at, `${id} stands twice`);
      here.add(id);
      if (words !== "") {
        const before = idOfToken.get(words);
        if (before !== undefined && before !== id) complain("doubled", at, `${words} as ${before} and as ${id}`);
        idOfToken.set(words, id);
        const [author = "", number = ""] = words.split("-");
        const last = lastOwn.get(author) ?? 0;
        if (Number(number) < last) complain("order", at, `${words} below ${author}-${last}`);
        lastOwn.set(author, Number(number));
      }
      if (seq === null) unsentSeen = words;
      else {
        if (seq <= lastSeq) complain("order", at, `number ${seq} below ${lastSeq}`);
        if (unsentSeen !== "") complain("order", at, `number ${seq} below ${unsentSeen}, which is unsent`);
        lastSeq = seq;
      }
      const status = statusIn(article, id);
      const state = `${seq} ${status}`;
      if (known.get(id) !== state) {
        known.set(id, state);
        entries.push({ kind: "bubble", at, id, token: words, seq, status });
      }
    }
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ["data-seq", "data-connection"],
  });

  page.__chaos = {
    hidden: false,
    drain: () => entries.splice(0),
    bubbles: () => bubbles().map(({ id, token: words, seq }) => ({ id, token: words, seq })),
  };
  const chaos = page.__chaos;
  Object.defineProperty(Document.prototype, "hidden", { configurable: true, get: () => chaos.hidden });
  Object.defineProperty(Document.prototype, "visibilityState", {
    configurable: true,
    get: () => (chaos.hidden ? "hidden" : "visible"),
  });
}

/** In the page: what was noted since the last call. */
export function drainLog(): PageEntry[] {
  return (window as unknown as Recorded).__chaos?.drain() ?? [];
}

/** In the page: as if the tab was covered, or uncovered. */
export function setHidden(hidden: boolean): void {
  const chaos = (window as unknown as Recorded).__chaos;
  if (!chaos) return;
  chaos.hidden = hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}

/** In the page: whether a person could write now, and that with scripts running. */
export function takeComposer(): "ready" | "filled" | "absent" {
  const box = document.querySelector<HTMLTextAreaElement>('textarea[name="content"]');
  if (!box || !Object.keys(box).some((key) => key.startsWith("__reactProps"))) return "absent";
  box.focus();
  return box.value === "" ? "ready" : "filled";
}

/** In the page: what stands in the composer, and whether keys go there. */
export function composerHolds(text: string): boolean {
  const box = document.querySelector<HTMLTextAreaElement>('textarea[name="content"]');
  return box !== null && box === document.activeElement && box.value === text;
}

/** In the page: selects what stands in the composer, so that the next key replaces it. */
export function selectDraft(): void {
  document.querySelector<HTMLTextAreaElement>('textarea[name="content"]')?.select();
}

/** In the page: resolves when the composer has let go of everything, false when it has not in time. */
export async function composerEmptied(ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (document.querySelector<HTMLTextAreaElement>('textarea[name="content"]')?.value !== "") {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  return true;
}

/**
 * In the page: reads the whole conversation, from its end to its beginning and back, as somebody who scrolls, until no
 * number between the first and the last is left out. What is still left out after some sweeps is not there.
 */
export async function readConversation(options: { beginning: string; ms: number }): Promise<{
  bubbles: Bubble[];
  /** False where time was up before the beginning was reached. */
  complete: boolean;
  /** Where it stood then. */
  place: string;
}> {
  const chaos = (window as unknown as Recorded).__chaos;
  const log = document.querySelector('[role="log"]');
  const found = new Map<string, Bubble>();
  if (!chaos || !log) return { bubbles: [], complete: true, place: "no log" };
  const deadline = Date.now() + options.ms;
  const drawn = () =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, 500);
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 0)));
    });
  const look = async () => {
    await drawn();
    for (const bubble of chaos.bubbles()) found.set(bubble.id, bubble);
  };
  const whole = () => {
    const numbers = new Set([...found.values()].flatMap(({ seq }) => (seq === null ? [] : [seq])));
    return numbers.size === 0 || numbers.size === Math.max(...numbers);
  };
  const atBeginning = () => log.scrollTop < 2 && (log.textContent?.includes(options.beginning) ?? false);
  const atEnd = () => log.scrollTop >= log.scrollHeight - log.clientHeight - 2;

  log.scrollTop = log.scrollHeight;
  await look();
  for (let sweep = 0; sweep < 3 && Date.now() < deadline; sweep++) {
    while (!atBeginning() && Date.now() < deadline) {
      log.scrollTop -= log.clientHeight * 0.7;
      await look();
    }
    if (whole()) break;
    while (!atEnd() && Date.now() < deadline) {
      log.scrollTop += log.clientHeight * 0.5;
      await look();
    }
    if (whole()) break;
  }
  const { scrollTop, scrollHeight, clientHeight } = log;
  const known = new Set([...found.values()].map(({ seq }) => seq));
  const left = Array.from({ length: Math.max(0, ...[...known].map(Number)) }, (_, index) => index + 1);
  const missing = left.filter((seq) => !known.has(seq)).slice(0, 12);
  const place = `${Math.round(scrollTop)} of ${scrollHeight} - ${clientHeight}, without ${missing.join(" ")}`;
  return { bubbles: [...found.values()], complete: Date.now() < deadline, place };
}
