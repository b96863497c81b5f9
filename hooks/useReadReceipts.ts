"use client";

import { useEffect } from "react";
import { useChatClient } from "./useChatClient";

/**
 * While mounted this tab shows the consultation: as long as somebody looks at it, nobody is called because of it.
 * `onSeen` takes what stood in view of a visible, focused page (useSeen); only that is ever told as read.
 */
export function useReadReceipts(consultationId: string): { onSeen(seq: number): void } {
  const { conversation, live } = useChatClient();
  useEffect(() => live.lookAt(consultationId), [live, consultationId]);
  return { onSeen: conversation(consultationId).target.markRead };
}
