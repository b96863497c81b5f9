import type { Signal, Signals } from "@/lib/sync/ports";

/** Network and visibility as the browser tells them. A page that comes back out of the back-forward cache has missed as much as a hidden one. */
export const browserSignals: Signals = {
  online: () => typeof navigator === "undefined" || navigator.onLine,
  visible: () => typeof document === "undefined" || document.visibilityState === "visible",
  onChange(listener) {
    const tell = (signal: Signal) => () => listener(signal);
    const online = tell("online");
    const offline = tell("offline");
    const visibility = () => listener(document.visibilityState === "visible" ? "visible" : "hidden");
    const shown = (event: PageTransitionEvent) => {
      if (event.persisted) listener("visible");
    };
    window.addEventListener("online", online);
    window.addEventListener("offline", offline);
    window.addEventListener("pageshow", shown);
    document.addEventListener("visibilitychange", visibility);
    return () => {
      window.removeEventListener("online", online);
      window.removeEventListener("offline", offline);
      window.removeEventListener("pageshow", shown);
      document.removeEventListener("visibilitychange", visibility);
    };
  },
};
