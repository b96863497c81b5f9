"use client";

import { useSyncExternalStore } from "react";
import type { Snapshot } from "@/lib/protocol/snapshot";
import type { ChangeResult, ConversationView, SendResult } from "@/lib/sync/conversation-engine";
import { useChatClient } from "./useChatClient";

export interface RealtimeMessages extends ConversationView {
  /** Resolves once the queue has the text: it may leave the composer then. */
  send(content: string, replyToId?: string | null): Promise<SendResult>;
  edit(messageId: string, content: string): Promise<ChangeResult>;
  remove(messageId: string): Promise<ChangeResult>;
  react(messageId: string, emoji: string, on: boolean): Promise<ChangeResult>;
  /** What a press on a reaction means, after all that was pressed before. */
  toggle(messageId: string, emoji: string): Promise<ChangeResult>;
  /** By the key of an unsent message, or the `commandId` of a change. */
  retry(id: string): void;
  discard(id: string): void;
  loadOlder(): Promise<void>;
  /** Whether the message of this number is loaded now. */
  loadUntil(seq: number): Promise<boolean>;
  markRead(uptoSeq: number): void;
}

/** One consultation, live. `initial` is what the server rendered; without it the snapshot is fetched. */
export function useRealtimeMessages(consultationId: string, initial?: Snapshot): RealtimeMessages {
  const conversation = useChatClient().conversation(consultationId, initial);
  const { subscribe, getSnapshot, getServerSnapshot, target } = conversation;
  const view = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  const { send, edit, remove, react, toggle, retry, discard, loadOlder, loadUntil, markRead } = target;
  return { ...view, send, edit, remove, react, toggle, retry, discard, loadOlder, loadUntil, markRead };
}
