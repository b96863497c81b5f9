import type { TimelineItem } from "@/lib/core/timeline";
import { dayKey, type Viewpoint } from "@/lib/i18n/time";
import type { Message } from "@/lib/protocol/message";

export type TimelineRow =
  | { kind: "day"; key: string; time: number }
  | { kind: "unread"; key: "unread"; count: number }
  | { kind: "system"; key: string; message: Message }
  | { kind: "message"; key: string; item: TimelineItem; first: boolean; last: boolean };

type MessageRow = Extract<TimelineRow, { kind: "message" }>;

/** Where the unread messages began when the room was opened. */
export interface UnreadMark {
  key: string;
  count: number;
}

interface Group {
  sender: string | null;
  time: number;
  last: MessageRow;
}

const GROUP_MS = 5 * 60_000;
/** No zone begins its day within a quarter of an hour. */
const QUARTER_MS = 15 * 60_000;

/** Remembers the day of each quarter of an hour: Intl is too slow to ask for each of 10,000 messages. */
export function createDayOf(view: Viewpoint): (time: number) => string {
  const days = new Map<number, string>();
  return (time) => {
    const quarter = Math.floor(time / QUARTER_MS);
    let day = days.get(quarter);
    if (day === undefined) {
      day = dayKey(view, time);
      days.set(quarter, day);
    }
    return day;
  };
}

/** Dividers are not for keys and do not hold a place. */
export function isMessage(row: TimelineRow): row is Extract<TimelineRow, { kind: "message" | "system" }> {
  return row.kind === "message" || row.kind === "system";
}

/**
 * Puts day and unread dividers between the items and groups what one person wrote within five minutes, beginning anew
 * at the given keys. Unsent counts as now.
 */
export function timelineRows(
  items: readonly TimelineItem[],
  dayOf: (time: number) => string,
  now: number,
  groupStarts: ReadonlySet<string>,
  unread: UnreadMark | null = null,
): TimelineRow[] {
  const rows: TimelineRow[] = [];
  let day: string | null = null;
  let group: Group | null = null;
  let latest = 0;

  for (const item of items) {
    const { message } = item;
    // Unsent items come last and are never earlier than what is above them, however wrong this clock is.
    const time: number = message ? Date.parse(message.createdAt) : Math.max(now, latest);
    latest = time;
    const itsDay = dayOf(time);
    if (itsDay !== day) {
      day = itsDay;
      group = null;
      rows.push({ kind: "day", key: `day-${itsDay}`, time });
    }
    if (item.key === unread?.key) {
      group = null;
      rows.push({ kind: "unread", key: "unread", count: unread.count });
    }
    if (message?.kind === "system") {
      group = null;
      rows.push({ kind: "system", key: item.key, message });
      continue;
    }
    const sender = item.own ? "own" : (message?.sender?.id ?? null);
    const joined: Group | null =
      group?.sender === sender && time - group.time < GROUP_MS && !groupStarts.has(item.key) ? group : null;
    if (joined) joined.last.last = false;
    const row: MessageRow = { kind: "message", key: item.key, item, first: joined === null, last: true };
    rows.push(row);
    group = { sender, time, last: row };
  }
  return rows;
}
