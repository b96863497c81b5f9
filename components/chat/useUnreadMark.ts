import { useState } from "react";
import type { TimelineItem } from "@/lib/core/timeline";
import type { Participant } from "@/lib/protocol/snapshot";
import type { UnreadMark } from "./timeline-rows";

interface Opened {
  readSeq: number;
  headSeq: number;
}

/**
 * What was unread when this room was opened. The mark stays where it was, whatever is read since, until something of
 * my own stands below it. Null as well while the first unread message may lie above what is loaded.
 */
export function useUnreadMark(
  items: readonly TimelineItem[],
  hasMore: boolean,
  me: Participant | undefined,
): UnreadMark | null {
  const [opened, setOpened] = useState<Opened | null>(null);
  if (!opened && me) setOpened({ readSeq: me.position.readUpToSeq, headSeq: newestSeq(items) });
  return opened ? unreadMark(items, hasMore, opened) : null;
}

export function unreadMark(items: readonly TimelineItem[], hasMore: boolean, opened: Opened): UnreadMark | null {
  let first: string | null = null;
  let count = 0;
  const mark = () => (first === null ? null : { key: first, count });
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (!item) break;
    const { message, own } = item;
    if (!message || message.seq > opened.headSeq) {
      if (own) return null;
      continue;
    }
    if (message.seq <= opened.readSeq) return mark();
    // What I wrote on another device is no answer to what I have not read: counted on.
    if (!own && message.kind === "text" && message.content !== null) {
      first = item.key;
      count += 1;
    }
  }
  return hasMore ? null : mark();
}

function newestSeq(items: readonly TimelineItem[]): number {
  return items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
}
