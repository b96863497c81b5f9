import { useEffect } from "react";
import { overlayHistory } from "@/lib/browser/consultation-pages";
import { focusComposer } from "./timeline-navigation";

/** Escape that has nothing to close leads to where one writes. */
export function useEscapeToComposer(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || overlayHistory().isOpen) return;
      focusComposer();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
