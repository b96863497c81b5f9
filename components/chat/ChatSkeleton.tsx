"use client";

import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";

const bubbles = ["w-56 h-11", "w-72 h-16", "own w-48 h-11", "own w-64 h-16", "w-40 h-11", "own w-56 h-11"];

/** Header, messages and composer at their final sizes. */
export function ChatSkeleton() {
  const { chat } = useWords();
  return (
    <div className="flex h-full min-h-0 flex-col" aria-busy="true">
      <p role="status" className="sr-only">
        {chat.loading}
      </p>
      <div className="flex min-h-16 shrink-0 items-center gap-3 border-line border-b bg-surface px-4 sm:px-5">
        <div className="skeleton size-10 rounded-full" />
        <div className="space-y-2">
          <div className="skeleton h-3.5 w-36" />
          <div className="skeleton h-3 w-48" />
        </div>
      </div>
      <MessagesSkeleton />
      <ComposerSkeleton />
    </div>
  );
}

export function MessagesSkeleton() {
  return (
    <div className="flex min-h-0 grow flex-col justify-end overflow-hidden px-3 pb-3 sm:px-5">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-3">
        {bubbles.map((bubble) => (
          <div
            key={bubble}
            className={cn("skeleton max-w-[78%] rounded-bubble", bubble, bubble.startsWith("own") && "self-end")}
          />
        ))}
      </div>
    </div>
  );
}

export function ComposerSkeleton() {
  return (
    <div className="pb-safe shrink-0 border-line border-t bg-surface px-3 pt-2.5 [--pb-safe:0.625rem]">
      <div className="mx-auto max-w-3xl sm:px-5">
        <div className="skeleton h-11.5 rounded-2xl" />
      </div>
    </div>
  );
}
