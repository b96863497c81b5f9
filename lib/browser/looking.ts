import type { Attention } from "@/lib/sync/notice-ports";
import type { Cancel } from "@/lib/sync/ports";
import { heldLocks, requestLock } from "./facilities";

/** Whether this page is on a screen, and whether it is the one that gets the keys. */
export const browserAttention: Attention = {
  visible: () => document.visibilityState === "visible",
  focused: () => document.visibilityState === "visible" && document.hasFocus(),
  onChange(listener) {
    const changed = () => listener();
    window.addEventListener("focus", changed);
    window.addEventListener("blur", changed);
    document.addEventListener("visibilitychange", changed);
    return () => {
      window.removeEventListener("focus", changed);
      window.removeEventListener("blur", changed);
      document.removeEventListener("visibilitychange", changed);
    };
  },
};

export function lookingLock(viewerId: string, consultationId: string): string {
  return `murph-looking-${viewerId}-${consultationId}`;
}

/** Of the tabs of this person that are in use, whatever they show. */
export function attendedLock(viewerId: string): string {
  return `murph-attended-${viewerId}`;
}

/**
 * Holds a shared lock for as long as somebody really looks at this tab, so that the other tabs know; the browser frees
 * it when the tab dies, whatever it dies of.
 */
export function keepLooking(lock: string, attention: Attention): Cancel {
  let letGo: (() => void) | null = null;
  const update = () => {
    if (!attention.focused()) {
      letGo?.();
      letGo = null;
    } else {
      letGo ??= hold(lock);
    }
  };
  const stopListening = attention.onChange(update);
  update();
  return () => {
    stopListening();
    letGo?.();
  };
}

export async function isHeld(lock: string): Promise<boolean> {
  return (await heldLocks())?.includes(lock) ?? false;
}

function hold(lock: string): () => void {
  let letGo = () => {};
  const over = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  requestLock(lock, { mode: "shared" }, () => over).catch(() => {});
  return letGo;
}
