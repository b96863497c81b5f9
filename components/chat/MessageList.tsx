"use client";

import {
  type KeyboardEvent,
  type Ref,
  useCallback,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useState,
} from "react";
import { Virtualizer } from "virtua";
import { cn } from "@/components/ui/cn";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import type { Participant } from "@/lib/protocol/snapshot";
import { HISTORY_EDGE_HEIGHT, HistoryEdge } from "./HistoryEdge";
import { JumpStatus } from "./JumpStatus";
import { JumpToLatest } from "./JumpToLatest";
import type { JumpTarget } from "./RoomContext";
import { ReaderContext, SteadyRows } from "./StayInPlace";
import { TimelineRowView } from "./TimelineRowView";
import { activeRow, countNew, focusRow, messageInView, nextRow } from "./timeline-navigation";
import { createDayOf, isMessage, type TimelineRow, timelineRows } from "./timeline-rows";
import { useArrivals } from "./useArrivals";
import { useJump } from "./useJump";
import { usePageStarts, useShift } from "./useOlderPages";
import { openingPlace, useReadingPlace } from "./useReadingPlace";
import { isMenuKey, openMenuOf, useRowGestures } from "./useRowGestures";
import { useSeen } from "./useSeen";
import { useUnreadMark } from "./useUnreadMark";

export interface MessageListHandle {
  jumpTo(target: JumpTarget): void;
}

interface MessageListProps {
  label: string;
  items: readonly TimelineItem[];
  /** My own place in it. */
  me: Participant | undefined;
  hasMore: boolean;
  loadingOlder: boolean;
  onLoadOlder(): void;
  loadUntil(seq: number): Promise<boolean>;
  /** The highest number that stood in view of a visible, focused page. */
  onSeen(seq: number): void;
  ref?: Ref<MessageListHandle>;
}

const LOAD_AHEAD_PX = 1_000;
/** Of a row not drawn yet. Left to estimate by itself, the list draws no rows ahead of the view until it has. */
const ROW_GUESS_PX = 80;

/**
 * The log of a conversation. The server, and the first client render, put out plain rows that stand at their end by
 * layout alone, so the page reads without scripts and does not move when they start. Then the rows are measured and
 * handed to the windowed list, which begins with those very sizes.
 */
export function MessageList(props: MessageListProps) {
  const { label, items, me, hasMore, loadingOlder, onLoadOlder, loadUntil, onSeen, ref } = props;
  const { view, now } = useViewpoint();
  const [sizes, setSizes] = useState<number[] | null>(null);
  const [scrolls, setScrolls] = useState(false);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const { isArriving, arrived } = useArrivals(items);

  const dayOf = useMemo(() => createDayOf(view), [view]);
  const pageStarts = usePageStarts(items);
  const unread = useUnreadMark(items, hasMore, me);
  const [unreadKey, unreadCount] = [unread?.key, unread?.count];
  const rows = useMemo(() => {
    const mark = unreadKey !== undefined && unreadCount ? { key: unreadKey, count: unreadCount } : null;
    return timelineRows(items, dayOf, now, pageStarts, mark);
  }, [items, dayOf, now, pageStarts, unreadKey, unreadCount]);
  const place = useReadingPlace(items, rows, sizes !== null);
  const { scroller, stick, leftAtSeq } = place;
  const reader = useMemo(() => ({ scroller, stick }), [scroller, stick]);
  const shift = useShift(rows);
  const [seenSeq, setSeenSeq] = useState(0);
  const see = useCallback(
    (seq: number) => {
      setSeenSeq((known) => Math.max(known, seq));
      onSeen(seq);
    },
    [onSeen],
  );
  const look = useSeen(scroller, rows, see);
  const gestures = useRowGestures();
  const newestOwnKey = items.findLast(({ own, message }) => own && message?.kind !== "system")?.key;
  const activeIndex = activeRow(rows, activeKey);

  const { highlighted, state, jumpTo } = useJump({
    has: (id) => items.some(({ key }) => key === id),
    loadUntil,
    onArrive(id) {
      place.leaveEnd();
      setActiveKey(id);
    },
  });
  useImperativeHandle(ref, () => ({ jumpTo: (target) => void jumpTo(target) }));

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as the list comes onto the screen.
  useLayoutEffect(() => {
    const box = scroller.current;
    const plain = box?.querySelector("[data-plain-rows]");
    if (!box || !plain) return;
    setSizes(Array.from(plain.children, (row) => row.getBoundingClientRect().height));
    setScrolls(box.scrollHeight > box.clientHeight);
    const opening = openingPlace(box);
    if (opening === null) return;
    place.openAt(opening);
    place.leaveEnd(me?.position.readUpToSeq);
  }, []);

  function onMoved() {
    place.moved();
    const box = scroller.current;
    if (box && box.scrollTop < LOAD_AHEAD_PX && hasMore && !loadingOlder) onLoadOlder();
    look();
  }

  /** Tab leads to a message in view: who comes to the log does not lose their place in it. */
  function onRested() {
    const box = scroller.current;
    if (!box || box.contains(document.activeElement)) return;
    setActiveKey(stick.current ? null : messageInView(box, activeKey));
  }

  function goTo(key: string) {
    setActiveKey(key);
    focusRow(key);
  }

  function loadOlder(byKey: boolean) {
    onLoadOlder();
    const first = byKey ? rows.find(isMessage) : undefined;
    if (first) goTo(first.key);
  }

  function jumpToLatest() {
    place.toEnd();
    const last = rows.findLast(isMessage);
    if (last) goTo(last.key);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (!(event.target instanceof Element) || !event.target.matches("article")) return;
    if (isMenuKey(event)) {
      if (openMenuOf(event.target)) event.preventDefault();
      return;
    }
    const next = nextRow(rows, activeIndex, event.key);
    if (next === null) return;
    event.preventDefault();
    if (next !== activeKey) goTo(next);
  }

  const renderRow = (row: TimelineRow, index: number) => (
    <TimelineRowView
      key={row.key}
      row={row}
      focusable={index === activeIndex}
      newestOwn={row.key === newestOwnKey}
      highlighted={row.key === highlighted}
      isArriving={isArriving}
      arrived={arrived}
    />
  );

  return (
    <div className="relative min-h-[min(10rem,50dvh)] grow">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={label}
        {...gestures}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => {
          const article = target.closest("article");
          if (article) setActiveKey(article.id.slice("message-".length));
        }}
        className={cn(
          "h-full overflow-y-auto overscroll-contain [overflow-anchor:none]",
          sizes === null && "log-static",
        )}
      >
        <div className="flex min-h-full shrink-0 flex-col">
          <div className="grow" />
          <HistoryEdge hasMore={hasMore} loading={loadingOlder} onLoad={loadOlder} />
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
                onScrollEnd={onRested}
                onResize={() => {
                  if (stick.current) place.toEnd();
                  look();
                }}
              >
                {renderRow}
              </Virtualizer>
            </ReaderContext>
          )}
          <div className="h-6 shrink-0" />
        </div>
      </div>
      <JumpStatus state={state} />
      <JumpToLatest
        shown={leftAtSeq !== null}
        newMessages={leftAtSeq === null ? 0 : countNew(items, Math.max(leftAtSeq, seenSeq))}
        onJump={jumpToLatest}
      />
    </div>
  );
}
