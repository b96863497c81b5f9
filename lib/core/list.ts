import type { ConsultationRow } from "@/lib/protocol/snapshot";

export type Rows = readonly ConsultationRow[];

/**
 * RCV7: rows of one consultation are ordered by (headSeq, readUpToSeq), both of which only grow, so an older reading
 * that arrives late changes nothing. An equal pair takes the incoming one: it may know more of the counterpart.
 */
export function mergeRow(rows: Rows, incoming: ConsultationRow): Rows {
  const known = rows.find((row) => row.id === incoming.id);
  if (!known) return sorted([...rows, incoming]);
  if (isOlder(incoming, known)) return rows;
  return sorted(rows.map((row) => (row.id === incoming.id ? incoming : row)));
}

/**
 * A whole list was read. It replaces everything (rows that it lacks are no longer mine, and after a restore its numbers
 * may be lower), except that rows pushed while it was on its way may be newer than what it saw.
 */
export function replaceRows(fetched: Rows, pushedMeanwhile: Rows): Rows {
  return pushedMeanwhile.reduce(mergeRow, sorted(fetched));
}

function isOlder(a: ConsultationRow, b: ConsultationRow): boolean {
  return a.headSeq < b.headSeq || (a.headSeq === b.headSeq && a.readUpToSeq < b.readUpToSeq);
}

function sorted(rows: Rows): Rows {
  return [...rows].sort((a, b) => compare(b.lastActivityAt, a.lastActivityAt) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
