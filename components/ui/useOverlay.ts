"use client";

import { type RefObject, useEffectEvent, useLayoutEffect } from "react";
import { overlayHistory } from "@/lib/browser/consultation-pages";

/** For what is mounted while it is open over a page, or beside what it is about: Back closes it and leads nowhere else. */
export function useOverlay(onClose: () => void): void {
  const close = useEffectEvent(onClose);
  useLayoutEffect(() => overlayHistory().add(() => close()), []);
}

/** The same for a native dialog that stays in the page, by whatever it is opened and closed. */
export function useDialogOverlay(ref: RefObject<HTMLDialogElement | null>): void {
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    let remove: (() => void) | null = null;
    const look = () => {
      if (dialog.open) remove ??= overlayHistory().add(() => dialog.close());
      else remove = remove?.() ?? null;
    };
    look();
    const watching = new MutationObserver(look);
    watching.observe(dialog, { attributeFilter: ["open"] });
    return () => {
      watching.disconnect();
      remove?.();
    };
  }, [ref]);
}
