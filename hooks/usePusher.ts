"use client";

import { useSyncExternalStore } from "react";
import { useChatClient } from "./useChatClient";

/** State of the tab's one connection. */
export function usePusher() {
  const { subscribe, getSnapshot, getServerSnapshot } = useChatClient().socket;
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}
