"use client";

import { useEffect, useState } from "react";
import { useChatClient } from "@/hooks/useChatClient";

const NONE: ReadonlyMap<string, string> = new Map();

/** What waits in composers, by consultation (D7); looked for again whenever another room is opened or left. */
export function useDrafts(openId: string | null): ReadonlyMap<string, string> {
  const { drafts } = useChatClient();
  const [found, setFound] = useState(NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the open room is what changes them.
  useEffect(() => {
    let current = true;
    void drafts.unsent().then((unsent) => {
      if (current) setFound(unsent);
    });
    return () => {
      current = false;
    };
  }, [drafts, openId]);
  // As it is now: what was found before the room was left may have been sent there.
  return new Map([...found.keys()].map((id) => [id, drafts.get(id)] as const).filter(([, text]) => text.trim() !== ""));
}
