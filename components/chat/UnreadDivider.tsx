"use client";

import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";

/** So many messages hardly stand on any screen together. */
const MORE_THAN_A_SCREEN = 10;

export function UnreadDivider({ count }: { count: number }) {
  const { message } = useWords();
  return (
    <div
      data-unread=""
      className={cn(
        "mx-auto flex w-full max-w-3xl items-center gap-3 px-4 pt-5 pb-1 before:h-px before:grow before:bg-accent after:h-px after:grow after:bg-accent",
        // Where a browser knows it, the server's page stands here at once, not only when scripts have started.
        count >= MORE_THAN_A_SCREEN && "scroll-mb-[60dvh] [scroll-initial-target:nearest]",
      )}
    >
      <span className="rounded-full bg-accent-soft px-2.5 py-0.5 text-xs font-semibold text-accent-strong">
        {message.unread(count)}
      </span>
    </div>
  );
}
