import type { Committed } from "./committed";
import { clock, until } from "./deadline";
import type { Findings } from "./findings";
import type { PageEntry } from "./page-log";
import type { Screen } from "./screen";
import type { Typed } from "./typist";

const DRAIN_MS = 60_000;
const HEAL_MS = 30_000;
/** Between the row's own time and the moment it may be shown lies nothing but this machine's rounding. */
const CLOCK_SLACK_MS = 50;
const CONFIRMED = new Set(["sent", "delivered", "read"]);

interface Checked {
  readonly committed: Committed;
  readonly screens: readonly Screen[];
  readonly typed: readonly Typed[];
  /** User ids by person. */
  readonly people: ReadonlyMap<string, string>;
  readonly findings: Findings;
}

/** Everything that must be true of a room once nobody disturbs it any more. */
export async function checkRoom(checked: Checked): Promise<void> {
  await settle(checked);
  checkDatabase(checked);
  await checkScreens(checked);
  checkLogs(checked);
  await checkStatuses(checked);
}

/** I1: waits until every word that left a composer is saved, and every screen shows the newest. */
async function settle({ committed, screens, typed, findings }: Checked): Promise<void> {
  const unsaved = () => typed.filter(({ token, leftAt }) => leftAt !== null && !committed.byToken.has(token));
  const saved = async () => {
    await committed.read();
    return unsaved().length === 0;
  };
  await until(saved, "the last words", DRAIN_MS, 100).catch(() => undefined);
  await Promise.all(screens.map((screen) => screen.drain().catch(() => undefined)));
  for (const { token, screen } of unsaved()) {
    const shown = screens.some(({ log }) => lastStatus(log.entries, token) !== null);
    if (shown) findings.add("stuck", `${token} of ${screen} is shown as unsent for ever`);
    else findings.add("lost", `${token} left the composer of ${screen} and is nowhere`);
  }
  const whole = () => screens.every(({ maxSeq }) => maxSeq >= committed.head);
  await until(whole, "every screen at the head", HEAL_MS).catch(() => {
    for (const { name, maxSeq, connection } of screens) {
      if (maxSeq < committed.head)
        findings.add("unhealed", `${name} (${connection}) is at ${maxSeq} of ${committed.head} for ever`);
    }
  });
}

function lastStatus(entries: Screen["log"]["entries"], token: string): string | null {
  const found = entries.findLast(({ entry }) => entry.kind === "bubble" && entry.token === token)?.entry;
  return found?.kind === "bubble" ? found.status : null;
}

/** SEQ1, ID1, and that everybody's own order was kept. */
function checkDatabase({ committed, typed, people, findings }: Checked): void {
  committed.rows.forEach(({ seq }, index) => {
    if (seq !== index + 1) findings.add("order", `row ${index + 1} has the number ${seq}`);
  });
  const known = new Map(typed.map((words) => [words.token, words]));
  const last = new Map<string, Typed>();
  for (const { token, senderId, seq } of committed.rows) {
    const words = known.get(token);
    if (!words || people.get(words.person) !== senderId) {
      findings.add("untrue", `number ${seq} (${token}) was not written by its sender`);
      continue;
    }
    const before = last.get(words.person);
    if (words.leftAt !== null && before && before.number > words.number) {
      findings.add("order", `${token} of ${words.screen} was saved after ${before.token} of ${before.screen}`);
    }
    if (words.leftAt !== null) last.set(words.person, words);
  }
  for (const [token, rows] of committed.byToken) {
    if (rows.length > 1) findings.add("doubled", `${token} has ${rows.length} rows`);
  }
}

/** I3, I4: each screen, read from its end to its beginning, is the database. */
async function checkScreens({ committed, screens, typed, findings }: Checked): Promise<void> {
  const allowed = new Set(typed.map(({ token }) => token));
  // One after the other: a browser draws nothing in a tab that is behind another.
  for (const screen of screens) {
    const { bubbles, complete, place } = await screen.readAll().catch((error: Error) => {
      findings.add("stuck", `${screen.name} could not be read: ${error.message}`);
      return { bubbles: [], complete: false, place: "unknown" };
    });
    if (!complete) {
      findings.add("stuck", `${screen.name} did not show its beginning (${bubbles.length} bubbles, at ${place})`);
      if (bubbles.length < committed.rows.length) continue;
    }
    const shown = new Map(bubbles.map((bubble) => [bubble.id, bubble]));
    const missing = committed.rows.filter(({ id }) => !shown.has(id));
    if (missing.length > 0) {
      const numbers = missing.slice(0, 10).map(({ seq, token }) => `${seq} (${token})`);
      findings.add("lost", `${missing.length} messages are missing on ${screen.name}: ${numbers.join(", ")}`);
    }
    for (const { id, seq, token } of committed.rows) {
      const bubble = shown.get(id);
      if (!bubble) continue;
      if (bubble.seq !== seq) findings.add("order", `number ${seq} stands as ${bubble.seq} on ${screen.name}`);
      else if (bubble.token !== token) findings.add("untrue", `number ${seq} is ${bubble.token} on ${screen.name}`);
    }
    for (const { id, token } of bubbles) {
      if (committed.byId.has(id)) continue;
      if (committed.byToken.has(token)) findings.add("doubled", `${token} also stands unsent on ${screen.name}`);
      else if (!allowed.has(token)) findings.add("untrue", `${token} on ${screen.name} was written by nobody`);
      else findings.add("stuck", `${token} stays unsent on ${screen.name}`);
    }
  }
}

/** What the pages saw at any moment, and one token under two ids anywhere. */
function checkLogs({ committed, screens, findings }: Checked): void {
  const idOf = new Map(committed.rows.map(({ token, id }) => [token, id]));
  for (const { name, log } of screens) {
    for (const { entry } of log.entries) {
      if (entry.kind === "doubled" || entry.kind === "order") {
        findings.add(entry.kind, `${entry.detail} on ${name}`, entry.at);
      } else if (entry.kind === "bubble" && entry.token !== "") {
        const id = idOf.get(entry.token) ?? entry.id;
        if (id !== entry.id)
          findings.add("doubled", `${entry.token} as ${id} and, on ${name}, as ${entry.id}`, entry.at);
        idOf.set(entry.token, id);
      }
    }
  }
}

/** I5, UI1: "sent" needs a row, "delivered" and "read" the other's word, and nothing saved is unsaved again. */
async function checkStatuses({ committed, screens, people, findings }: Checked): Promise<void> {
  const positions = await committed.positions();
  const furthest = (person: string, which: "delivered" | "read") =>
    Math.max(...[...people].filter(([name]) => name !== person).map(([, id]) => positions.get(id)?.[which] ?? 0));
  for (const { name, person, log } of screens) {
    const confirmedInLife = new Map<string, number>();
    for (const { life, entry } of log.entries) {
      if (entry.kind !== "bubble" || entry.status === null) continue;
      if (CONFIRMED.has(entry.status)) {
        confirmedInLife.set(entry.id, life);
        checkConfirmed(entry, { committed, furthest, person, name, findings });
      } else if (confirmedInLife.get(entry.id) === life) {
        findings.add("untrue", `${entry.token} was saved and then ${entry.status} on ${name}`, entry.at);
      }
    }
  }
}

function checkConfirmed(
  entry: Extract<PageEntry, { kind: "bubble" }>,
  options: {
    committed: Committed;
    furthest: (person: string, which: "delivered" | "read") => number;
    person: string;
    name: string;
    findings: Findings;
  },
): void {
  const { committed, furthest, person, name, findings } = options;
  const row = committed.byId.get(entry.id);
  const shown = `${entry.token} was shown as ${entry.status} on ${name}`;
  if (!row) findings.add("untrue", `${shown} and has no row`, entry.at);
  else if (row.createdAt > entry.at + CLOCK_SLACK_MS) {
    findings.add("untrue", `${shown} ${row.createdAt - entry.at} ms before it was saved`, entry.at);
  } else if (entry.status === "delivered" || entry.status === "read") {
    const reached = furthest(person, entry.status);
    if (row.seq > reached) findings.add("untrue", `${shown} at ${row.seq} while the other is at ${reached}`, entry.at);
  }
}

/** CON1: says whether the screen claimed to be live at any moment of this time. */
export function claimedLive(screen: Screen, from: number, to: number): boolean {
  if (to <= from) return false;
  let status = "";
  for (const { entry } of screen.log.entries) {
    if (entry.kind !== "connection") continue;
    if (entry.at > to) break;
    if (entry.at > from && status === "live") return true;
    status = entry.status;
  }
  return status === "live" && clock() >= from;
}
