import { type RefObject, useCallback, useEffect, useRef } from "react";

/**
 * Reports the highest number that stood in view, to its last line, of a visible and focused page. The returned
 * function looks again; call it when the view moved.
 */
export function useSeen(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly unknown[],
  onSeen: (seq: number) => void,
): () => void {
  const reported = useRef(0);
  const look = useCallback(() => {
    const box = scroller.current;
    if (!box || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const seq = lastSeqInView(box);
    if (seq <= reported.current) return;
    reported.current = seq;
    onSeen(seq);
  }, [scroller, onSeen]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows may stand in view at once.
  useEffect(() => {
    const frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  }, [look, rows]);

  useEffect(() => {
    window.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [look]);
  return look;
}

function lastSeqInView(box: HTMLElement): number {
  const end = box.getBoundingClientRect().bottom + 8;
  const messages = [...box.querySelectorAll<HTMLElement>("[data-seq]")];
  return Number(messages.findLast((message) => message.getBoundingClientRect().bottom <= end)?.dataset.seq ?? 0);
}
