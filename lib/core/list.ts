import type { ConsultationStatus } from "@/lib/protocol/message";
import type { ConsultationRow } from "@/lib/protocol/snapshot";

export type Rows = readonly ConsultationRow[];

/**
 * RCV7: rows of one consultation are ordered by (headSeq, readUpToSeq), both of which only grow, so an older reading
 * that arrives late changes nothing. An equal pair takes the incoming one: it may know more of the counterpart.
 */
export function mergeRow(rows: Rows, incoming: ConsultationRow): Rows {
  const known = rows.find((row) => row.id === incoming.id);
  if (!known) return [...rows, incoming];
  if (isOlder(incoming, known)) return rows;
  return rows.map((row) => (row.id === incoming.id ? incoming : row));
}

/**
 * A whole list was read. It replaces everything (rows that it lacks are no longer mine, and after a restore its numbers
 * may be lower), except that rows pushed while it was on its way may be newer than what it saw.
 */
export function replaceRows(fetched: Rows, pushedMeanwhile: Rows): Rows {
  return pushedMeanwhile.reduce((rows, row) => mergeRow(rows, row), fetched);
}

function isOlder(a: ConsultationRow, b: ConsultationRow): boolean {
  return a.headSeq < b.headSeq || (a.headSeq === b.headSeq && a.readUpToSeq < b.readUpToSeq);
}

/**
 * The one order of a list on screen, whatever brought the rows: the server's is by activity and not asked (C7). What is running comes first, and in it what needs
 * this person most; then appointments by their time, so that one that is overdue stands on top, and those without a
 * time; then what is over. Where nothing else decides the last active comes first.
 */
export function inListOrder(rows: Rows, viewerId: string): Rows {
  const sorted = [...rows].sort(
    (a, b) =>
      placeOf(a) - placeOf(b) ||
      (!a.request && a.status === "IN_PROGRESS" ? needOf(a, viewerId) - needOf(b, viewerId) : 0) ||
      (!a.request && a.status === "SCHEDULED" ? compare(timeOf(a), timeOf(b)) : 0) ||
      compare(b.lastActivityAt, a.lastActivityAt) ||
      compare(a.id, b.id),
  );
  // As they were: nobody is told of a change that is none.
  return sorted.every((row, place) => row === rows[place]) ? rows : sorted;
}

const PLACES: Record<ConsultationStatus, number> = { IN_PROGRESS: 0, SCHEDULED: 1, COMPLETED: 2, CANCELLED: 2 };

/** What waits for an answer comes before everything else. */
function placeOf({ request, status }: ConsultationRow): number {
  return request ? -1 : PLACES[status];
}

/** 0: there is something to read, 1: the last word is another's, 2: it is for others to go on. */
function needOf({ unreadCount, lastMessage }: ConsultationRow, viewerId: string): number {
  if (unreadCount > 0) return 0;
  return lastMessage && lastMessage.senderId !== viewerId ? 1 : 2;
}

const NO_TIME = "~";

function timeOf({ scheduledFor }: ConsultationRow): string {
  return scheduledFor ?? NO_TIME;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
