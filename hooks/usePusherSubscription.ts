"use client";

import { useEffect, useRef } from "react";
import { keepSubscribed } from "@/lib/sync/channel-keeper";
import { useChatClient } from "./useChatClient";

export interface SubscriptionHandlers {
  onSubscribed?(members: readonly string[] | null): void;
  onRefused?(status: number | null): void;
  onLost?(): void;
  events?: Readonly<Record<string, (data: unknown, senderId: string | null) => void>>;
}

/**
 * Listens to a channel while mounted (null: to none). Handlers may be new at every render; the latest ones are called.
 * Failed authorisations are tried again, and components that name the same channel share one subscription.
 */
export function usePusherSubscription(channelName: string | null, handlers: SubscriptionHandlers): void {
  const { ports, retainSocket } = useChatClient();
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  const eventNames = Object.keys(handlers.events ?? {})
    .sort()
    .join("\n");

  useEffect(() => {
    if (channelName === null) return;
    const names = eventNames === "" ? [] : eventNames.split("\n");
    const releaseSocket = retainSocket();
    const unsubscribe = keepSubscribed(ports, channelName, {
      onSubscribed: (members) => latest.current.onSubscribed?.(members),
      onRefused: (status) => latest.current.onRefused?.(status),
      onLost: () => latest.current.onLost?.(),
      events: Object.fromEntries(
        names.map((name) => [
          name,
          (data: unknown, senderId: string | null) => latest.current.events?.[name]?.(data, senderId),
        ]),
      ),
    });
    return () => {
      unsubscribe();
      releaseSocket();
    };
  }, [channelName, eventNames, ports, retainSocket]);
}
