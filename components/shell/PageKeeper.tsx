"use client";

import { useEffect } from "react";
import { overlayHistory } from "@/lib/browser/consultation-pages";
import { keepFocus } from "@/lib/browser/focus-keeper";

/** On every page: the focus is never lost, and a reload leaves the entry of what was open over the page. */
export function PageKeeper() {
  useEffect(() => {
    overlayHistory();
    return keepFocus(document);
  }, []);
  return null;
}
