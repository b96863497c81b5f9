import { type RefObject, useCallback, useEffect, useRef } from "react";

/** Every hundredth of the log that comes into sight or goes is told. */
const STEPS = Array.from({ length: 101 }, (_, index) => index / 100);
/** A fraction of a line below the edge is no reason to call a message unread. */
const SLACK_PX = 8;

/**
 * Reports the highest number that stood in view, to its last line, of a visible and focused page (C4). In view means on
 * the screen: a log that is hidden, scrolled out of the page or covered by its own frame shows nothing, however its
 * rows lie in it. The returned function looks again; call it when the view moved.
 */
export function useSeen(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly unknown[],
  onSeen: (seq: number) => void,
): () => void {
  const reported = useRef(0);
  const cut = useRef<Cut | null>(null);
  const look = useCallback(() => {
    const box = scroller.current;
    if (!box || !cut.current || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const seq = lastSeqInView(box, cut.current);
    if (seq === 0 || seq === reported.current) return;
    reported.current = seq;
    onSeen(seq);
  }, [scroller, onSeen]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows may stand in view at once.
  useEffect(() => {
    const frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  }, [look, rows]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        cut.current = last?.isIntersecting ? cutOf(last) : null;
        look();
      },
      { threshold: STEPS },
    );
    observer.observe(box);
    return () => {
      observer.disconnect();
      cut.current = null;
    };
  }, [scroller, look]);

  useEffect(() => {
    window.addEventListener("focus", look);
    window.addEventListener("resize", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      window.removeEventListener("resize", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [look]);
  return look;
}

/** How much of the log lies beyond what can be seen of it. */
interface Cut {
  readonly top: number;
  readonly bottom: number;
}

function cutOf({ boundingClientRect: whole, intersectionRect: seen }: IntersectionObserverEntry): Cut {
  return { top: seen.top - whole.top, bottom: whole.bottom - seen.bottom };
}

function lastSeqInView(box: HTMLElement, cut: Cut): number {
  const { top, bottom } = box.getBoundingClientRect();
  const end = bottom - cut.bottom + SLACK_PX;
  const messages = [...box.querySelectorAll<HTMLElement>("[data-seq]")];
  const last = messages.findLast((message) => message.getBoundingClientRect().bottom <= end);
  const inView = last !== undefined && last.getBoundingClientRect().bottom > top + cut.top;
  return inView ? Number(last.dataset.seq) : 0;
}
