import { describeOperation } from "./operation-words";
import type { Plan } from "./plan";
import type { Failure, Summary } from "./run-seeds";

/** Rules that every history is judged by; each violation names one. */
const RULES: Readonly<Record<string, string>> = {
  I1: "acknowledged means in the log for ever",
  I2: "one id is one row and one bubble",
  I3: "one gapless order on every screen, each sender's own order kept",
  I4: "after the faults every screen equals a fresh fetch in time",
  I5: "statuses are true, words never disappear silently",
  I6: "nothing follows the completion",
  I7: "nothing reaches a stranger, nor who was removed",
  UI4: "who was removed sees nothing any more",
  C4: "nobody has received or read what they were not shown",
  C6: "one notice for one message in one browser",
  RCV6: "reactions are sets in one order",
  RCV1: "a gap is closed in a second",
  CON2: "a screen that polls is one poll behind, any other one head check",
  SND1: "words leave the composer when they are kept",
  SND2: "one sender among the tabs",
  SND4: "nothing overtakes what is parked",
  SND: "what waited is sent once the faults end",
  SND5: "words are never sent as somebody else nor after a sign-out",
  RELAY: "published in order, at least once, the cursor never ahead",
  CON: "everybody is live again within a minute",
  LIVE: "words sent in calm are on every screen at once",
  LIST: "list rows equal a fresh list",
  BUDGET: "no storm of calls",
  LEAK: "no timer, listener, channel or lock is left",
};

export function describePlan(plan: Plan): string {
  const browsers = plan.browsers.map(({ person, tabs }) => `person ${person} with ${tabs} tabs`).join("; ");
  const head = `seed ${plan.seed}: ${plan.history} messages before, ${browsers}; all faults end at ${Math.round(plan.until)}`;
  return [head, ...plan.operations.map(describeOperation)].join("\n");
}

/** What broke, the shortest list of operations that breaks it, and how to see it again. */
export function describeFailure({ seed, plan, rule, message }: Failure): string {
  return [
    `seed ${seed} breaks ${rule} (${RULES[rule] ?? "an error was thrown"})`,
    message,
    describePlan(plan),
    `replay: npm run test:simulation -- --seed ${seed}`,
    `or save this as plan.json and: npm run test:simulation -- --plan plan.json`,
    JSON.stringify(plan),
  ].join("\n");
}

export function summarise({ outcomes, failures, seconds }: Summary, { markdown = false } = {}): string {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const struck = new Map<string, number>();
  for (const outcome of outcomes) {
    for (const [what, count] of outcome.struck) struck.set(what, (struck.get(what) ?? 0) + count);
  }
  const heals = outcomes.flatMap((outcome) => outcome.heals);
  const faults = [...struck].sort((a, b) => b[1] - a[1]).map(([what, count]) => `${what} ${count}`);
  const rows: [string, string][] = [
    ["histories", `${outcomes.length}, ${failures.length} failed, in ${seconds.toFixed(1)} s`],
    ["operations", `${sum(outcomes.map(({ operations }) => operations))}`],
    ["messages sent", `${sum(outcomes.map(({ messages }) => messages))}`],
    ["virtual hours", (sum(outcomes.map(({ virtualMs }) => virtualMs)) / 3_600_000).toFixed(1)],
    ["screens judged", `${sum(outcomes.map(({ screensJudged }) => screensJudged))}`],
    ["heal", percentiles(heals.filter(({ silent }) => !silent).map(({ screenMs }) => screenMs))],
    [
      "heal of what nothing tells of",
      percentiles(heals.filter(({ silent }) => silent).map(({ screenMs }) => screenMs)),
    ],
    ["waiting words sent", percentiles(heals.flatMap(({ sentMs }) => sentMs ?? []))],
    ["invariants", Object.keys(RULES).join(" ")],
    ["faults and doings", faults.join(", ")],
  ];
  if (!markdown) return rows.map(([name, value]) => `${name}: ${value}`).join("\n");
  return ["| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join("\n");
}

export function percentiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms (${sorted.length} screens)`;
}
