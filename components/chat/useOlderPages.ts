import { useState } from "react";
import type { TimelineItem } from "@/lib/core/timeline";
import { isMessage, type TimelineRow } from "./timeline-rows";

/**
 * Keys of the messages that stood first, each until an older page came. They keep the sender's name: a message that
 * lost it to a group above would move under the reader's eyes.
 */
export function usePageStarts(items: readonly TimelineItem[]): ReadonlySet<string> {
  const first = items[0]?.key;
  const [starts, setStarts] = useState<ReadonlySet<string>>(() => new Set(first === undefined ? [] : [first]));
  if (first === undefined || starts.has(first)) return starts;
  const more = new Set([...starts, first]);
  setStarts(more);
  return more;
}

/** True in the render that puts rows before the others: then the list keeps its distance from the end. */
export function useShift(rows: readonly TimelineRow[]): boolean {
  const [known, setKnown] = useState({ rows, shift: false });
  if (known.rows === rows) return known.shift;
  const firstMessage = known.rows.find(isMessage)?.key;
  const shift = firstMessage !== undefined && rows.find(isMessage)?.key !== firstMessage;
  setKnown({ rows, shift });
  return shift;
}
