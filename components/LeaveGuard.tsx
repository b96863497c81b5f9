"use client";

import { useEffect } from "react";
import { useChatClient } from "@/hooks/useChatClient";

/** SND5: the browser asks before this page is closed while it alone has somebody's words. */
export function LeaveGuard() {
  const { wouldLoseWords } = useChatClient();
  useEffect(() => {
    const guard = (event: BeforeUnloadEvent) => {
      if (wouldLoseWords()) event.preventDefault();
    };
    window.addEventListener("beforeunload", guard);
    return () => window.removeEventListener("beforeunload", guard);
  }, [wouldLoseWords]);
  return null;
}
