import { act, cleanup, render } from "@testing-library/react";
import { useRef } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useSeen } from "@/components/chat/useSeen";

/** A log of 300 px at the top of the page, with messages of 100 px below each other. */
const BOX = { top: 0, bottom: 300 };
const HEIGHT = 100;

let scrollTop: number;
let observed: ((shown: { top: number; bottom: number } | null) => void) | null;
let look: () => void;

beforeEach(() => {
  scrollTop = 0;
  observed = null;
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  vi.spyOn(window, "requestAnimationFrame").mockImplementation((run) => {
    run(0);
    return 0;
  });
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(function (this: HTMLElement) {
    const seq = Number(this.dataset.seq ?? 0);
    const top = seq === 0 ? BOX.top : BOX.top + (seq - 1) * HEIGHT - scrollTop;
    const bottom = seq === 0 ? BOX.bottom : top + HEIGHT;
    return { top, bottom, height: bottom - top } as DOMRect;
  });
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(told: (entries: Partial<IntersectionObserverEntry>[]) => void) {
        observed = (shown) =>
          told([
            {
              isIntersecting: shown !== null,
              boundingClientRect: BOX as DOMRectReadOnly,
              intersectionRect: (shown ?? { top: 0, bottom: 0 }) as DOMRectReadOnly,
            },
          ]);
      }
      observe() {}
      disconnect() {
        observed = null;
      }
    },
  );
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function Log({ seqs, onSeen }: { seqs: readonly number[]; onSeen(seq: number): void }) {
  const box = useRef<HTMLDivElement>(null);
  look = useSeen(box, seqs, onSeen);
  return (
    <div ref={box}>
      {seqs.map((seq) => (
        <p key={seq} data-seq={seq} />
      ))}
    </div>
  );
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

it("C4 seen is what stood in view to its last line, when it came and when the view moved", () => {
  const seen = vi.fn();
  const { rerender } = render(<Log seqs={upTo(2)} onSeen={seen} />);
  expect(seen).not.toHaveBeenCalled();
  act(() => observed?.(BOX));
  expect(seen.mock.calls).toEqual([[2]]);
  rerender(<Log seqs={upTo(9)} onSeen={seen} />);
  expect(seen.mock.calls.at(-1)).toEqual([3]);
  scrollTop = 240;
  look();
  expect(seen.mock.calls.at(-1)).toEqual([5]);
  scrollTop = 292;
  look();
  expect(seen.mock.calls.at(-1)).toEqual([6]);
  expect(seen).toHaveBeenCalledTimes(4);
});

it("C4 a page that is hidden, or open while the keys go elsewhere, has seen nothing until somebody is back", () => {
  for (const [visibility, focused] of [
    ["hidden", true],
    ["visible", false],
  ] as const) {
    vi.spyOn(document, "visibilityState", "get").mockReturnValue(visibility);
    vi.spyOn(document, "hasFocus").mockReturnValue(focused);
    const seen = vi.fn();
    const { unmount } = render(<Log seqs={upTo(3)} onSeen={seen} />);
    act(() => observed?.(BOX));
    look();
    expect(seen).not.toHaveBeenCalled();
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
    vi.spyOn(document, "hasFocus").mockReturnValue(true);
    if (visibility === "hidden") document.dispatchEvent(new Event("visibilitychange"));
    else window.dispatchEvent(new Event("focus"));
    expect(seen.mock.calls).toEqual([[3]]);
    unmount();
  }
});

it("C4 a log that is not on the screen, or only in part, has shown only what of it is", () => {
  const seen = vi.fn();
  render(<Log seqs={upTo(3)} onSeen={seen} />);
  act(() => observed?.(null));
  look();
  expect(seen).not.toHaveBeenCalled();
  act(() => observed?.({ top: 0, bottom: 210 }));
  expect(seen.mock.calls).toEqual([[2]]);
  act(() => observed?.(BOX));
  expect(seen.mock.calls.at(-1)).toEqual([3]);
});

it("C4 a message that stood above the view is not what was seen", () => {
  const seen = vi.fn();
  scrollTop = 1_000;
  render(<Log seqs={upTo(3)} onSeen={seen} />);
  act(() => observed?.(BOX));
  expect(seen).not.toHaveBeenCalled();
});
