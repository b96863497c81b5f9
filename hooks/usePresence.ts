"use client";

import { useState } from "react";
import { presenceChannel } from "@/lib/protocol/channels";
import { usePusherSubscription } from "./usePusherSubscription";

const NOBODY: readonly string[] = [];

/** Who has this consultation open right now. Empty while not connected: then nobody knows. */
export function usePresence(consultationId: string) {
  const channel = presenceChannel(consultationId);
  const [room, setRoom] = useState({ channel, userIds: NOBODY });
  const change = (next: (userIds: readonly string[]) => readonly string[]) =>
    setRoom((known) => ({ channel, userIds: next(known.channel === channel ? known.userIds : NOBODY) }));

  usePusherSubscription(channel, {
    onSubscribed: (members) => change(() => members ?? NOBODY),
    onLost: () => change(() => NOBODY),
    events: {
      "pusher:member_added": (member) => change((userIds) => [...without(userIds, member), ...idOf(member)]),
      "pusher:member_removed": (member) => change((userIds) => without(userIds, member)),
    },
  });
  return { userIds: room.channel === channel ? room.userIds : NOBODY };
}

function idOf(member: unknown): string[] {
  return typeof member === "object" && member !== null && "id" in member ? [String(member.id)] : [];
}

function without(userIds: readonly string[], member: unknown): readonly string[] {
  const gone = idOf(member);
  return userIds.filter((userId) => !gone.includes(userId));
}
