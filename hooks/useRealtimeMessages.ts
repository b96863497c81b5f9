"use client";

import { useSyncExternalStore } from "react";
import type { Snapshot } from "@/lib/protocol/snapshot";
import type { ConversationView, SendResult } from "@/lib/sync/conversation-engine";
import { useChatClient } from "./useChatClient";

export interface RealtimeMessages extends ConversationView {
  /** Resolves once the queue has the text: it may leave the composer then. */
  send(content: string): Promise<SendResult>;
  retry(id: string): void;
  discard(id: string): void;
  loadOlder(): Promise<void>;
  markRead(uptoSeq: number): void;
}

/** One consultation, live. `initial` is what the server rendered; without it the snapshot is fetched. */
export function useRealtimeMessages(consultationId: string, initial?: Snapshot): RealtimeMessages {
  const conversation = useChatClient().conversation(consultationId, initial);
  const { subscribe, getSnapshot, getServerSnapshot, target } = conversation;
  const view = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  const { send, retry, discard, loadOlder, markRead } = target;
  return { ...view, send, retry, discard, loadOlder, markRead };
}
