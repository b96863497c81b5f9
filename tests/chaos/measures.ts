import type { Committed } from "./committed";
import type { Screen } from "./screen";
import type { Typed } from "./typist";

/** One fault and how long its end took to be felt. Milliseconds; null = not within the time allowed. */
export interface FaultRecord {
  readonly kind: string;
  readonly room: number;
  readonly from: number;
  readonly until: number;
  /** Until every visible screen showed what was saved when the fault ended. */
  healMs: number | null;
  /** Until everything written before the end of the fault was saved. */
  savedMs: number | null;
  /** Until every visible screen said "live" again; undefined where nobody waited for that. */
  liveMs?: number | null;
}

/** From the moment the words left the composer to the other person's screen. */
export interface Delivery {
  readonly ms: number;
  /** The Channels server was down, and the receiving screen knew it when the words left. */
  readonly channelsDown: boolean;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How long each message took to every screen of somebody else that was there all the time. */
export function deliveriesOf(options: {
  typed: readonly Typed[];
  screens: readonly Screen[];
  committed: Committed;
  channelsDown: readonly { from: number; until: number }[];
}): Delivery[] {
  const { typed, screens, committed, channelsDown } = options;
  const deliveries: Delivery[] = [];
  for (const screen of screens) {
    const seenAt = new Map<string, number>();
    const connections: { at: number; status: string }[] = [];
    for (const { entry } of screen.log.entries) {
      if (entry.kind === "connection") connections.push(entry);
      else if (entry.kind === "bubble" && entry.seq !== null && !seenAt.has(entry.id)) seenAt.set(entry.id, entry.at);
    }
    for (const { token, person, leftAt } of typed) {
      const row = committed.byToken.get(token)?.[0];
      if (person === screen.person || leftAt === null || !row) continue;
      const at = seenAt.get(row.id);
      if (at === undefined) continue;
      const status = connections.findLast((step) => step.at <= leftAt)?.status;
      const down = channelsDown.some(({ from, until }) => leftAt > from && leftAt < until);
      deliveries.push({ ms: Math.max(0, at - leftAt), channelsDown: down && status === "polling" });
    }
  }
  return deliveries;
}
