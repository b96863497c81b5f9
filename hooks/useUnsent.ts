"use client";

import { useSyncExternalStore } from "react";
import { useChatClient } from "./useChatClient";

/** Own messages that are not sent yet, in all consultations and from all tabs. */
export function useUnsent() {
  const { subscribe, getSnapshot, getServerSnapshot } = useChatClient().unsent;
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}
