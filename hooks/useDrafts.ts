"use client";

import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Drafts } from "@/lib/browser/queue/drafts";
import { useChatClient } from "./useChatClient";

const NONE: ReadonlyMap<string, string> = new Map();

/** What waits in composers, of this tab and of others, by consultation (D7); of the open one its composer tells. */
export function useDrafts(openId: string | null): ReadonlyMap<string, string> {
  const { drafts } = useChatClient();
  const getSnapshot = useMemo(() => createSelector(drafts, openId), [drafts, openId]);
  useEffect(() => void drafts.load(), [drafts]);
  return useSyncExternalStore(drafts.subscribe, getSnapshot, () => NONE);
}

/** What stands at one place of this tab. */
export function useDraft(place: string): string {
  const { drafts } = useChatClient();
  return useSyncExternalStore(
    drafts.subscribe,
    () => drafts.get(place),
    () => "",
  );
}

/** The same map until something in it changes: rows have nothing to do with each key in the open composer. */
function createSelector(drafts: Drafts, openId: string | null): () => ReadonlyMap<string, string> {
  let last = NONE;
  return () => {
    const next = new Map([...drafts.unsent()].filter(([place]) => place !== openId));
    if (next.size !== last.size || [...next].some(([place, text]) => last.get(place) !== text)) last = next;
    return last;
  };
}
