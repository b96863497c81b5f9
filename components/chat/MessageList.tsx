"use client";

import { type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { cn } from "@/components/ui/cn";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { HISTORY_EDGE_HEIGHT, HistoryEdge } from "./HistoryEdge";
import { JumpToLatest } from "./JumpToLatest";
import type { UnsentActions } from "./ParkedNotice";
import { ReaderContext, SteadyRows } from "./StayInPlace";
import { TimelineRowView } from "./TimelineRowView";
import { activeRow, countNew, focusRow, nextRow } from "./timeline-navigation";
import { createDayOf, type TimelineRow, timelineRows } from "./timeline-rows";
import { useArrivals } from "./useArrivals";
import { usePageStarts, useShift } from "./useOlderPages";
import { useSeen } from "./useSeen";

interface MessageListProps {
  label: string;
  items: readonly TimelineItem[];
  hasMore: boolean;
  loadingOlder: boolean;
  onLoadOlder(): void;
  /** The highest number that stood in view of a visible, focused page. */
  onSeen(seq: number): void;
  actions: UnsentActions;
}

const AT_END_PX = 64;
const LOAD_AHEAD_PX = 1_000;
/** Of a row not drawn yet. Left to estimate by itself, the list draws no rows ahead of the view until it has. */
const ROW_GUESS_PX = 80;

/**
 * The log of a conversation. The server, and the first client render, put out plain rows that stand at their end by
 * layout alone, so the page reads without scripts and does not move when they start. Then the rows are measured and
 * handed to the windowed list, which begins with those very sizes.
 */
export function MessageList(props: MessageListProps) {
  const { label, items, hasMore, loadingOlder, onLoadOlder, onSeen, actions } = props;
  const { view, now } = useViewpoint();
  const scroller = useRef<HTMLDivElement>(null);
  const [sizes, setSizes] = useState<number[] | null>(null);
  const [scrolls, setScrolls] = useState(false);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const [leftAtSeq, setLeftAtSeq] = useState<number | null>(null);
  const stick = useRef(true);
  const place = useRef({ scrollTop: 0, clientHeight: 0 });
  const { isArriving, arrived } = useArrivals(items);

  const dayOf = useMemo(() => createDayOf(view), [view]);
  const pageStarts = usePageStarts(items);
  const rows = useMemo(() => timelineRows(items, dayOf, now, pageStarts), [items, dayOf, now, pageStarts]);
  const reader = useMemo(() => ({ scroller, stick }), []);
  const shift = useShift(rows);
  const look = useSeen(scroller, rows, onSeen);
  const newestOwnKey = items.findLast(({ own, message }) => own && message?.kind !== "system")?.key;
  const newestSeq = items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
  const activeIndex = activeRow(rows, activeKey);

  useLayoutEffect(() => {
    const box = scroller.current;
    const plain = box?.querySelector("[data-plain-rows]");
    if (!box || !plain) return;
    setSizes(Array.from(plain.children, (row) => row.getBoundingClientRect().height));
    setScrolls(box.scrollHeight > box.clientHeight);
  }, []);

  const lastKey = rows.at(-1)?.key;
  const ownUnsentLast = items.at(-1)?.pending?.state === "queued" || items.at(-1)?.pending?.state === "sending";
  useLayoutEffect(() => {
    if (sizes && lastKey && ownUnsentLast) stick.current = true;
  }, [sizes, lastKey, ownUnsentLast]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changes the rows may move the end.
  useLayoutEffect(() => {
    if (sizes && stick.current) toEnd();
  }, [sizes, rows]);

  function toEnd() {
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  }

  function onMoved() {
    const box = scroller.current;
    if (!box) return;
    const { scrollTop, clientHeight, scrollHeight } = box;
    // Only a reader leaves the end, by going up; a composer that grows or a keyboard that opens does not.
    const wentUp = scrollTop < place.current.scrollTop && clientHeight === place.current.clientHeight;
    place.current = { scrollTop, clientHeight };
    if (scrollHeight - clientHeight - scrollTop < AT_END_PX) stick.current = true;
    else if (wentUp) stick.current = false;
    setLeftAtSeq((left) => (stick.current ? null : (left ?? newestSeq)));
    if (box.scrollTop < LOAD_AHEAD_PX && hasMore && !loadingOlder) onLoadOlder();
    look();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (!(event.target instanceof Element) || !event.target.matches("article")) return;
    const next = nextRow(rows, activeIndex, event.key);
    if (next === null) return;
    event.preventDefault();
    setActiveKey(next);
    focusRow(next);
  }

  const renderRow = (row: TimelineRow, index: number) => (
    <TimelineRowView
      key={row.key}
      row={row}
      focusable={index === activeIndex}
      newestOwn={row.key === newestOwnKey}
      actions={actions}
      isArriving={isArriving}
      arrived={arrived}
    />
  );

  return (
    <div className="relative min-h-0 grow">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={label}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => {
          if (target.matches("article")) setActiveKey(target.id.slice("message-".length));
        }}
        className={cn(
          "h-full overflow-y-auto overscroll-contain [overflow-anchor:none]",
          sizes === null && "log-static",
        )}
      >
        <div className="flex min-h-full shrink-0 flex-col">
          <div className="grow" />
          <HistoryEdge hasMore={hasMore} loading={loadingOlder} onLoad={onLoadOlder} />
          {sizes === null ? (
            <div data-plain-rows="">{rows.map(renderRow)}</div>
          ) : (
            <ReaderContext value={reader}>
              <Virtualizer
                as={SteadyRows}
                scrollRef={scroller}
                data={rows}
                shift={shift}
                cache={[sizes]}
                itemSize={ROW_GUESS_PX}
                // Holds the first rows until the first scroll: where there is none, later rows would never be drawn.
                {...(scrolls ? { ssrCount: sizes.length } : {})}
                startMargin={HISTORY_EDGE_HEIGHT}
                bufferSize={600}
                keepMounted={activeIndex < 0 ? [] : [activeIndex]}
                onScroll={onMoved}
                onResize={() => {
                  if (stick.current) toEnd();
                  look();
                }}
              >
                {renderRow}
              </Virtualizer>
            </ReaderContext>
          )}
          <div className="h-4 shrink-0" />
        </div>
      </div>
      <JumpToLatest
        shown={leftAtSeq !== null}
        newMessages={leftAtSeq === null ? 0 : countNew(items, leftAtSeq)}
        onJump={() => {
          stick.current = true;
          toEnd();
        }}
      />
    </div>
  );
}
