"use client";

import { createContext, useContext } from "react";
import type { Quote, TimelineItem } from "@/lib/core/timeline";
import type { MessageAction } from "./message-actions";

/** A message to be led to; of one that is not loaded only its number tells where to look. */
export interface JumpTarget {
  id: string;
  seq: number | null;
}

interface UnsentActions {
  /** Null where nothing can be sent any more: the consultation ended. */
  retry: ((commandId: string) => void) | null;
  /** Takes the words back into the composer; null where nothing can be written. */
  edit: ((commandId: string, words: { content: string; replyTo: Quote | null }) => void) | null;
  discard(commandId: string): void;
}

/** What rows may do to the room they stand in. Stays the same object while nothing of it changes: rows are memoised. */
export interface RoomActions {
  viewerId: string;
  writable: boolean;
  /** Asked when a menu opens: the window for changes closes with time. */
  allowed(item: TimelineItem): readonly MessageAction[];
  reply(item: TimelineItem): void;
  edit(item: TimelineItem): void;
  askDelete(item: TimelineItem): void;
  toggle(messageId: string, emoji: string): void;
  jump(target: JumpTarget): void;
  nameOf(userId: string): string;
  unsent: UnsentActions;
}

export const RoomContext = createContext<RoomActions | null>(null);

export function useRoomActions(): RoomActions {
  const actions = useContext(RoomContext);
  if (!actions) throw new Error("RoomContext is missing above this component");
  return actions;
}
