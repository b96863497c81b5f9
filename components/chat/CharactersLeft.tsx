"use client";

import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";

/** Shown near the limit only. */
export function CharactersLeft({ id, left }: { id: string; left: number }) {
  const { composer } = useWords();
  return (
    <p
      id={id}
      translate="no"
      className={cn("numeric mt-1 pr-14 text-right text-xs", left < 0 ? "font-semibold text-danger" : "text-ink-soft")}
    >
      {left < 0 ? composer.over(-left) : composer.remaining(left)}
    </p>
  );
}
