import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type TouchEvent,
  useCallback,
  useEffect,
  useRef,
} from "react";

const LONG_PRESS_MS = 500;
const SLIP_PX = 10;

function articleOf(target: EventTarget): HTMLElement | null {
  return target instanceof Element ? target.closest("article") : null;
}

/** Opens the menu of a message; false where it has none. */
export function openMenuOf(article: Element | null): boolean {
  const more = article?.querySelector<HTMLElement>("[data-more]");
  more?.click();
  return more !== null && more !== undefined;
}

export function isMenuKey({ key, shiftKey }: KeyboardEvent): boolean {
  return key === "Enter" || key === "ContextMenu" || (key === "F10" && shiftKey);
}

/** Fingers: a tap brings the tools of a message up, a long press opens its menu at once. */
export function useRowGestures() {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);
  const long = useRef(false);

  const release = useCallback(() => {
    if (press.current) clearTimeout(press.current.timer);
    press.current = null;
  }, []);
  useEffect(() => release, [release]);

  return {
    onPointerDown(event: PointerEvent) {
      release();
      long.current = false;
      const article = articleOf(event.target);
      if (event.pointerType === "mouse" || !article || isControl(event.target)) return;
      const timer = setTimeout(() => {
        long.current = openMenuOf(article);
      }, LONG_PRESS_MS);
      press.current = { timer, x: event.clientX, y: event.clientY };
    },
    onPointerMove({ clientX, clientY }: PointerEvent) {
      if (press.current && Math.hypot(clientX - press.current.x, clientY - press.current.y) > SLIP_PX) release();
    },
    onPointerUp: release,
    onPointerCancel: release,
    /** What follows a long press (a click, a focus) would close the menu again. */
    onTouchEnd(event: TouchEvent) {
      if (long.current && event.cancelable) event.preventDefault();
    },
    /** The browser's own menu would lie over ours; with a mouse it stays what it is. */
    onContextMenu(event: MouseEvent) {
      // Some take less time for a long press than we do.
      if (press.current) long.current = openMenuOf(articleOf(event.target));
      release();
      const byKey = event.target instanceof Element && event.target.matches("article") && event.button !== 2;
      if (long.current || byKey) event.preventDefault();
    },
    onClick(event: MouseEvent) {
      if (long.current || isControl(event.target) || !matchMedia("(hover: none)").matches) return;
      articleOf(event.target)?.focus({ preventScroll: true });
    },
  };
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button") !== null;
}
