"use client";

import { useSyncExternalStore } from "react";
import { useChatClient } from "./useChatClient";

const UNKNOWN = { preferences: null };

/** What this person wants to be told. Whatever is saved here counts at once, in every tab; null: not read yet. */
export function usePreferences() {
  const { subscribe, getSnapshot, save } = useChatClient().live.preferences;
  const { preferences } = useSyncExternalStore(subscribe, getSnapshot, () => UNKNOWN);
  return { preferences, save };
}
