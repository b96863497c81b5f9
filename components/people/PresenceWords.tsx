"use client";

import { cn } from "@/components/ui/cn";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { agoTime } from "@/lib/i18n/time";

interface PresenceWordsProps {
  online: boolean;
  lastActiveAt: string | null;
  /** Whether anybody can tell us now (`isTold`). */
  told: boolean;
  /** Has the conversation open right now. */
  here?: boolean;
  className?: string;
}

/** Online, or when they were last: in words, because a colour says nothing to many. */
export function PresenceWords({ online, lastActiveAt, told, here = false, className }: PresenceWordsProps) {
  const { view, words, now } = useViewpoint();
  const { presence } = words;
  const ago = lastActiveAt === null ? null : (agoTime(view, Date.parse(lastActiveAt), now) ?? presence.justNow);
  const there = told && (here || online);
  return (
    <span
      translate="no"
      className={cn("inline-flex items-center gap-1 text-xs", there ? "text-success" : "text-ink-soft", className)}
    >
      <span
        aria-hidden="true"
        className={cn("size-2 shrink-0 rounded-full", there ? "filled bg-success" : "border border-control")}
      />
      <span suppressHydrationWarning>
        {!told
          ? presence.unknown
          : here
            ? presence.here
            : online
              ? presence.online
              : ago === null
                ? presence.offline
                : presence.lastActive(ago)}
      </span>
    </span>
  );
}
