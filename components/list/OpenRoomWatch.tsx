"use client";

import { useEffect } from "react";
import { useRealtimeMessages } from "@/hooks/useRealtimeMessages";

interface OpenRoomWatchProps {
  consultationId: string;
  viewerId: string;
  onChange(): void;
}

const SETTLE_MS = 300;

/** Tells that the row of the open conversation is out of date: something was said, read, started or completed. */
export function OpenRoomWatch({ consultationId, viewerId, onChange }: OpenRoomWatchProps) {
  const { items, participants, consultation } = useRealtimeMessages(consultationId);
  const newest = items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
  const read = participants.find(({ user }) => user.id === viewerId)?.position.readUpToSeq ?? 0;
  const state = `${newest} ${read} ${consultation?.status ?? ""}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the state is what is watched.
  useEffect(() => {
    const timer = setTimeout(onChange, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [state, onChange]);
  return null;
}
