"use client";

import { useWords } from "@/components/ui/ViewpointProvider";

/** So many messages hardly stand on any screen together. */
const MORE_THAN_A_SCREEN = 10;

export function UnreadDivider({ count }: { count: number }) {
  const { message } = useWords();
  return (
    <div
      data-unread=""
      className="relative mx-auto flex w-full max-w-3xl items-center gap-3 px-4 pt-5 pb-1 before:grow before:border-accent before:border-t after:grow after:border-accent after:border-t"
    >
      <span
        translate="no"
        className="rounded-full border border-transparent bg-accent-soft px-2.5 py-0.5 text-xs font-semibold text-accent-strong"
      >
        {message.unread(count)}
      </span>
      {count >= MORE_THAN_A_SCREEN ? <Opening count={count} /> : null}
    </div>
  );
}

/**
 * Where a browser knows it, the server's page opens with this at its lower edge, and so with the divider above the
 * middle, before scripts have started. It lies within the unread messages: none is lower than that.
 */
function Opening({ count }: { count: number }) {
  return (
    <span
      aria-hidden="true"
      className="pointer-events-none absolute size-px [scroll-initial-target:nearest]"
      style={{ top: `min(60dvh, ${count * 2}rem)` }}
    />
  );
}
