import type { Signal, Signals } from "@/lib/sync/ports";

const TICK_MS = 5_000;
/** A tick this late was slept through. */
const SLEPT_MS = 15_000;

const listeners = new Set<(signal: Signal) => void>();
let stopWatching: (() => void) | null = null;

/**
 * Network and visibility as the browser tells them. A page that comes back out of the back-forward cache, out of being
 * frozen or out of the sleep of its machine has missed as much as a hidden one.
 */
export const browserSignals: Signals = {
  online: () => typeof navigator === "undefined" || navigator.onLine,
  visible: () => typeof document === "undefined" || document.visibilityState === "visible",
  onChange(listener) {
    // An own function each time: the same listener may come twice and leave once.
    const entry = (signal: Signal) => listener(signal);
    listeners.add(entry);
    stopWatching ??= watch();
    return () => {
      listeners.delete(entry);
      if (listeners.size > 0) return;
      stopWatching?.();
      stopWatching = null;
    };
  },
};

function tell(signal: Signal): void {
  for (const listener of [...listeners]) listener(signal);
}

function watch(): () => void {
  const online = () => tell("online");
  const offline = () => tell("offline");
  const visibility = () => tell(browserSignals.visible() ? "visible" : "hidden");
  const back = () => {
    if (browserSignals.visible()) tell("visible");
  };
  const shown = (event: PageTransitionEvent) => {
    if (event.persisted) back();
  };
  window.addEventListener("online", online);
  window.addEventListener("offline", offline);
  window.addEventListener("pageshow", shown);
  document.addEventListener("resume", back);
  document.addEventListener("visibilitychange", visibility);
  const stopTicking = tellAfterSleep(back);
  return () => {
    window.removeEventListener("online", online);
    window.removeEventListener("offline", offline);
    window.removeEventListener("pageshow", shown);
    document.removeEventListener("resume", back);
    document.removeEventListener("visibilitychange", visibility);
    stopTicking();
  };
}

/** The sleep of a machine is no event: only the clock shows it. One that was merely set costs a question too many. */
function tellAfterSleep(back: () => void): () => void {
  let last = Date.now();
  const ticking = setInterval(() => {
    const slept = Date.now() - last > SLEPT_MS;
    last = Date.now();
    if (slept) back();
  }, TICK_MS);
  return () => clearInterval(ticking);
}
