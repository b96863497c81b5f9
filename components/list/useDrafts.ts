"use client";

import { useEffect, useState } from "react";
import { useChatClient } from "@/hooks/useChatClient";

const NONE: ReadonlyMap<string, string> = new Map();

/** What waits in composers, by consultation (D7); read again whenever another room is opened or left. */
export function useDrafts(openId: string | null): ReadonlyMap<string, string> {
  const { drafts } = useChatClient();
  const [texts, setTexts] = useState(NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the open room is what changes them.
  useEffect(() => {
    let current = true;
    void drafts.unsent().then((unsent) => {
      if (current) setTexts(unsent);
    });
    return () => {
      current = false;
    };
  }, [drafts, openId]);
  return texts;
}
