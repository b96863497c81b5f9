import type { Operation, Plan, WindowFault } from "./plan";
import { streamOf } from "./random";
import { type Failure, judge } from "./run-seeds";

const MINUTES = 60_000;

/** Absences that people know: the end of each is the end of all faults, from which healing is measured. */
export const ABSENCES = {
  "2 minutes in a tunnel (everything swallowed, no signal)": { fault: "network-dead", lasting: 2 * MINUTES },
  "2 minutes without network (the browser knows)": { fault: "offline", lasting: 2 * MINUTES },
  "2 minutes without the socket server": { fault: "sockets-down", lasting: 2 * MINUTES },
  "2 minutes without the provider's REST side": { fault: "rest-down", lasting: 2 * MINUTES },
  "2 minutes without the database": { fault: "database-down", lasting: 2 * MINUTES },
  "8 hours asleep": { fault: "frozen", lasting: 8 * 60 * MINUTES },
} as const satisfies Record<string, { fault: WindowFault; lasting: number }>;

/** Two people; words are written before, during (by whoever can) and up to the end of an absence. */
function planOfAbsence(seed: number, fault: WindowFault, lasting: number): Plan {
  const random = streamOf(seed, `absence ${fault}`);
  const from = 10_000;
  const until = from + lasting + random.below(3_000);
  const operations: Operation[] = Array.from({ length: 25 }, (_, index): Operation => {
    return { at: 3_000 + random.below(until - 4_000), kind: "send", tab: index % 4 === 0 ? 0 : 1, count: 1 };
  });
  const everybody = ["sockets-down", "rest-down", "database-down"].includes(fault);
  operations.push({ at: from, kind: "window", fault, for: until, strength: 1, target: everybody ? null : 0 });
  operations.sort((a, b) => a.at - b.at);
  const browsers = [
    { person: 0, tabs: 1 },
    { person: 1, tabs: 1 },
  ];
  return { seed, people: 2, browsers, history: 60, until, operations };
}

/** Milliseconds until each screen that was away equals a fresh fetch, and until words that waited there are sent. */
export async function measureHealing(
  absence: keyof typeof ABSENCES,
  seeds: number,
): Promise<{ heals: number[]; sends: number[]; failures: Failure[] }> {
  const { fault, lasting } = ABSENCES[absence];
  const heals: number[] = [];
  const sends: number[] = [];
  const failures: Failure[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = await judge(planOfAbsence(seed, fault, lasting));
    if (result.failure) failures.push(result.failure);
    if (!("outcome" in result)) continue;
    for (const { tab, screenMs, sentMs } of result.outcome.heals) {
      if (tab !== 0) continue;
      heals.push(screenMs);
      if (sentMs !== null) sends.push(sentMs);
    }
  }
  return { heals, sends, failures };
}
