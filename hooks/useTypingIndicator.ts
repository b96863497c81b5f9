"use client";

import { useMemo, useSyncExternalStore } from "react";
import type { User } from "@/lib/protocol/user";
import { useChatClient } from "./useChatClient";

/**
 * Who is writing, and what the others are told of me. `typed` belongs to every change of the text by a key, `rested` to
 * sending and to leaving the field. Whoever is not among the participants is not shown, whatever they send.
 */
export function useTypingIndicator(consultationId: string, participants: readonly { readonly user: User }[]) {
  const { subscribe, getSnapshot, getServerSnapshot, target } = useChatClient().live.typing(consultationId);
  const { userIds } = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  const typists = useMemo(
    () => userIds.flatMap((id) => participants.find(({ user }) => user.id === id)?.user ?? []),
    [userIds, participants],
  );
  return { typists, typed: target.typed, rested: target.rested };
}
