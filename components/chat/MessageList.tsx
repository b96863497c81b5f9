"use client";

import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { cn } from "@/components/ui/cn";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { HISTORY_EDGE_HEIGHT, HistoryEdge } from "./HistoryEdge";
import { JumpToLatest } from "./JumpToLatest";
import type { UnsentActions } from "./ParkedNotice";
import { TimelineRowView } from "./TimelineRowView";
import { createDayOf, type TimelineRow, timelineRows } from "./timeline-rows";
import { useArrivals } from "./useArrivals";

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

/**
 * The log of a conversation. The server, and the first client render, put out plain rows that stand at their end by
 * layout alone, so the page reads without scripts and does not move when they start. Then the rows are measured and
 * handed to the windowed list, which begins with those very sizes.
 */
export function MessageList(props: MessageListProps) {
  const { label, items, hasMore, loadingOlder, onLoadOlder, onSeen, actions } = props;
  const { view, now } = useViewpoint();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [sizes, setSizes] = useState<number[] | null>(null);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const [leftAtSeq, setLeftAtSeq] = useState<number | null>(null);
  const stick = useRef(true);
  const seenSeq = useRef(0);
  const { isArriving, arrived } = useArrivals(items);

  const dayOf = useMemo(() => createDayOf(view), [view]);
  const rows = useMemo(() => timelineRows(items, dayOf, now), [items, dayOf, now]);
  const shift = useShift(rows);
  const newestOwnKey = items.findLast(({ own, message }) => own && message?.kind !== "system")?.key;
  const newestSeq = items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
  const activeIndex = activeRow(rows, activeKey);

  useLayoutEffect(() => {
    const plain = scroller.current?.querySelector("[data-plain-rows]");
    if (plain) setSizes(Array.from(plain.children, (row) => row.getBoundingClientRect().height));
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

  useEffect(() => {
    const report = () => reportSeen.current();
    report();
    window.addEventListener("focus", report);
    document.addEventListener("visibilitychange", report);
    return () => {
      window.removeEventListener("focus", report);
      document.removeEventListener("visibilitychange", report);
    };
  }, []);

  const reportSeen = useRef(() => {});
  useEffect(() => {
    reportSeen.current = () => {
      const handle = list.current;
      if (!handle || document.visibilityState !== "visible" || !document.hasFocus()) return;
      let index = handle.findItemIndex(handle.scrollOffset + handle.viewportSize - 24);
      while (index >= 0 && seqOf(rows[index]) === null) index -= 1;
      const seq = seqOf(rows[index]) ?? 0;
      if (seq <= seenSeq.current) return;
      seenSeq.current = seq;
      onSeen(seq);
    };
    const frame = requestAnimationFrame(() => reportSeen.current());
    return () => cancelAnimationFrame(frame);
  }, [rows, onSeen]);

  function toEnd() {
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  }

  function onMoved() {
    const box = scroller.current;
    if (!box) return;
    stick.current = box.scrollHeight - box.clientHeight - box.scrollTop < AT_END_PX;
    setLeftAtSeq((left) => (stick.current ? null : (left ?? newestSeq)));
    if (box.scrollTop < LOAD_AHEAD_PX && hasMore && !loadingOlder) onLoadOlder();
    reportSeen.current();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (!(event.target instanceof Element) || !event.target.matches("[data-message]")) return;
    const next = nextRow(rows, activeIndex, event.key);
    if (next === null) return;
    event.preventDefault();
    setActiveKey(next);
    requestAnimationFrame(() => document.getElementById(`message-${next}`)?.focus());
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
          if (target.matches("[data-message]")) setActiveKey(target.id.slice("message-".length));
        }}
        className={cn(
          "h-full overflow-y-auto overscroll-contain [overflow-anchor:none]",
          sizes === null && "log-static",
        )}
      >
        <div className="flex min-h-full flex-col">
          <div className="grow" />
          <HistoryEdge hasMore={hasMore} loading={loadingOlder} onLoad={onLoadOlder} />
          {sizes === null ? (
            <div data-plain-rows="">{rows.map(renderRow)}</div>
          ) : (
            <Virtualizer
              ref={list}
              scrollRef={scroller}
              data={rows}
              shift={shift}
              cache={[sizes]}
              ssrCount={sizes.length}
              startMargin={HISTORY_EDGE_HEIGHT}
              bufferSize={600}
              keepMounted={activeIndex < 0 ? [] : [activeIndex]}
              onScroll={onMoved}
              onResize={() => {
                if (stick.current) toEnd();
              }}
            >
              {renderRow}
            </Virtualizer>
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

/** True in the render that puts rows before the others: then the list keeps its distance from the end. */
function useShift(rows: readonly TimelineRow[]): boolean {
  const [known, setKnown] = useState({ rows, shift: false });
  if (known.rows === rows) return known.shift;
  const firstMessage = known.rows.find(({ kind }) => kind !== "day")?.key;
  const shift = firstMessage !== undefined && rows.find(({ kind }) => kind !== "day")?.key !== firstMessage;
  setKnown({ rows, shift });
  return shift;
}

function seqOf(row: TimelineRow | undefined): number | null {
  if (!row || row.kind === "day") return null;
  return row.kind === "system" ? row.message.seq : (row.item.message?.seq ?? null);
}

/** The one row that Tab reaches: where the reader was, else the last. */
function activeRow(rows: readonly TimelineRow[], key: string | null): number {
  const index = key === null ? -1 : rows.findIndex((row) => row.key === key);
  return index >= 0 ? index : rows.findLastIndex(({ kind }) => kind !== "day");
}

function nextRow(rows: readonly TimelineRow[], from: number, key: string): string | null {
  const others = rows.map((row, index) => ({ row, index })).filter(({ row }) => row.kind !== "day");
  const found = {
    ArrowUp: others.findLast(({ index }) => index < from),
    ArrowDown: others.find(({ index }) => index > from),
    Home: others[0],
    End: others.at(-1),
  }[key];
  return found?.row.key ?? null;
}

function countNew(items: readonly TimelineItem[], afterSeq: number): number {
  let count = 0;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (!item?.message) continue;
    if (item.message.seq <= afterSeq) break;
    if (!item.own && item.message.kind === "text" && item.message.content !== null) count += 1;
  }
  return count;
}
