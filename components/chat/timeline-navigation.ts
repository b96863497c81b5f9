import { OVERLAY } from "@/lib/browser/focus-keeper";
import type { TimelineItem } from "@/lib/core/timeline";
import { isMessage, type TimelineRow } from "./timeline-rows";

/** The one row that Tab reaches: where the reader was, else the last. */
export function activeRow(rows: readonly TimelineRow[], key: string | null): number {
  const index = key === null ? -1 : rows.findIndex((row) => row.key === key);
  return index >= 0 ? index : rows.findLastIndex(isMessage);
}

/** Key of the row that an arrow, Home or End leads to; null where there is none. Dividers are stepped over. */
export function nextRow(rows: readonly TimelineRow[], from: number, key: string): string | null {
  const stops = rows.flatMap((row, index) => (isMessage(row) ? [{ key: row.key, index }] : []));
  const found = {
    ArrowUp: stops.findLast(({ index }) => index < from),
    ArrowDown: stops.find(({ index }) => index > from),
    Home: stops[0],
    End: stops.at(-1),
  }[key];
  return found?.key ?? null;
}

/** For what must never happen: a row that is not drawn. How long drawing one takes is the device's matter. */
const DRAWN_WITHIN_MS = 3_000;
let stopLooking: (() => void) | null = null;

/**
 * A row that was out of the window is drawn first, hidden until it is measured, and takes no focus before. Whoever has
 * opened a menu or a dialog meanwhile stays in it, and what is done next, with a key or a pointer, is not undone.
 */
export function focusRow(key: string): void {
  stopLooking?.();
  const ended = new AbortController();
  const stop = () => ended.abort();
  stopLooking = stop;
  for (const type of ["keydown", "pointerdown"]) {
    document.addEventListener(type, stop, { capture: true, signal: ended.signal });
  }
  const begunAt = performance.now();
  const look = () => {
    if (ended.signal.aborted) return;
    const row = document.getElementById(`message-${key}`);
    const inOverlay = document.activeElement?.closest(OVERLAY);
    if (!inOverlay) row?.focus();
    const isThere = row !== null && row === document.activeElement;
    if (inOverlay || isThere || performance.now() - begunAt > DRAWN_WITHIN_MS) stop();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Puts a message into the middle of the view; its neighbours are measured only then, and may move it once more. */
export function showRow(key: string, frames = 30): void {
  requestAnimationFrame(() => {
    const row = document.getElementById(`message-${key}`);
    if (row && getComputedStyle(row).visibility === "visible") {
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "center" });
    }
    if (frames > 1 && (row === null || row !== document.activeElement || !inMiddle(row))) showRow(key, frames - 1);
  });
}

function inMiddle(row: HTMLElement): boolean {
  const box = row.closest('[role="log"]')?.getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  return box !== undefined && (bottom - top > box.height || (top >= box.top && bottom <= box.bottom));
}

/** Key of this message while some of it is in view, else of the last that is wholly so. */
export function messageInView(box: HTMLElement, key: string | null): string | null {
  const { top, bottom } = box.getBoundingClientRect();
  const placed = [...box.querySelectorAll("article")].map((row) => ({ id: row.id, ...edgesOf(row) }));
  const known = placed.find(({ id }) => id === `message-${key}`);
  if (known && known.bottom > top && known.top < bottom) return key;
  const shown = placed.findLast((row) => row.top >= top && row.bottom <= bottom);
  return shown?.id.slice("message-".length) ?? key;
}

function edgesOf(row: Element): { top: number; bottom: number } {
  const { top, bottom } = row.getBoundingClientRect();
  return { top, bottom };
}

/** Where menus and tooltips are drawn: inside the page's landmark, so that they are not outside of everything. */
export function overlayRoot(): HTMLElement | undefined {
  return typeof document === "undefined" ? undefined : (document.querySelector("main") ?? undefined);
}

/** Where nothing can be written the conversation itself takes the focus. */
export function focusComposer(): void {
  const field = document.querySelector<HTMLElement>('textarea[name="content"]');
  const shown = field ?? document.querySelector<HTMLElement>('[role="log"] article[tabindex="0"]');
  (shown ?? contentOfPage())?.focus();
}

/** As a conversation opens. Where there is only a screen to type on, its keyboard would cover what there is to read. */
export function focusRoom(): void {
  if (typesOnScreen()) contentOfPage()?.focus();
  else focusComposer();
}

/** For a composer that was not there yet as its conversation opened. */
export function isAwaited(): boolean {
  return !typesOnScreen() && document.activeElement === contentOfPage();
}

function typesOnScreen(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

function contentOfPage(): HTMLElement | null {
  return document.getElementById("content");
}

/** What others wrote after a number. */
export function countNew(items: readonly TimelineItem[], afterSeq: number): number {
  let count = 0;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (!item?.message) continue;
    if (item.message.seq <= afterSeq) break;
    if (!item.own && item.message.kind === "text" && item.message.content !== null) count += 1;
  }
  return count;
}
