import { type RefObject, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { TimelineItem } from "@/lib/core/timeline";
import type { TimelineRow } from "./timeline-rows";

const AT_END_PX = 64;

export interface ReadingPlace {
  scroller: RefObject<HTMLDivElement | null>;
  /** While true the list follows its end. */
  stick: RefObject<boolean>;
  /** The newest number when the reader left the end; null while there. */
  leftAtSeq: number | null;
  toEnd(): void;
  /** Takes the reader elsewhere. `seenSeq`: what counts as new comes after it. */
  leaveEnd(seenSeq?: number): void;
  /** Before the rows are placed by their sizes: where they will stand then, instead of at the end. */
  openAt(scrollTop: number): void;
  moved(): void;
}

/** Whether the reader is at the end, and what keeps them there. `measured`: the rows are placed by their own sizes. */
export function useReadingPlace(
  items: readonly TimelineItem[],
  rows: readonly TimelineRow[],
  measured: boolean,
): ReadingPlace {
  const scroller = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const place = useRef({ scrollTop: 0, clientHeight: 0 });
  const opening = useRef<number | null>(null);
  const [leftAtSeq, setLeftAtSeq] = useState<number | null>(null);
  const newestSeq = items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;

  const lastKey = rows.at(-1)?.key;
  const ownUnsentLast = items.at(-1)?.pending?.state === "queued" || items.at(-1)?.pending?.state === "sending";
  useLayoutEffect(() => {
    if (measured && lastKey && ownUnsentLast) stick.current = true;
  }, [measured, lastKey, ownUnsentLast]);

  const toEnd = () => {
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changes the rows may move the end.
  useLayoutEffect(() => {
    if (!measured) return;
    if (opening.current !== null && scroller.current) scroller.current.scrollTop = opening.current;
    else if (stick.current) toEnd();
    opening.current = null;
  }, [measured, rows]);

  const leave = (seenSeq: number) => setLeftAtSeq((left) => (stick.current ? null : (left ?? seenSeq)));
  return {
    ...useMemo(() => ({ scroller, stick }), []),
    leftAtSeq,
    toEnd() {
      stick.current = true;
      toEnd();
    },
    leaveEnd(seenSeq = newestSeq) {
      stick.current = false;
      leave(seenSeq);
    },
    openAt(scrollTop) {
      opening.current = scrollTop;
    },
    moved() {
      const box = scroller.current;
      if (!box) return;
      const { scrollTop, clientHeight, scrollHeight } = box;
      // Only a reader leaves the end, by going up; a composer that grows or a keyboard that opens does not.
      const wentUp = scrollTop < place.current.scrollTop && clientHeight === place.current.clientHeight;
      place.current = { scrollTop, clientHeight };
      if (scrollHeight - clientHeight - scrollTop < AT_END_PX) stick.current = true;
      else if (wentUp) stick.current = false;
      leave(newestSeq);
    },
  };
}

/** In pixels: as much of what was read stays above the first unread message. */
const READ_ABOVE_PX = 48;

/**
 * Where a list that was only laid out (`log-static`) has to scroll so that the first unread message is seen; null: at
 * its end, where there is room for all of them. What the browser did about it already stays as it is.
 */
export function openingPlace(box: HTMLElement): number | null {
  const divider = box.querySelector("[data-unread]")?.getBoundingClientRect();
  const content = box.firstElementChild?.getBoundingClientRect();
  if (!divider || !content || content.bottom - divider.top <= box.clientHeight) return null;
  const shown = divider.top - box.getBoundingClientRect().top;
  return Math.max(0, divider.top - content.top - (shown < 0 ? READ_ABOVE_PX : shown));
}
