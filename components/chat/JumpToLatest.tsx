"use client";

import { AnimatePresence, m } from "framer-motion";
import { ArrowDown } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { useStill } from "@/components/ui/Motion";
import { useWords } from "@/components/ui/ViewpointProvider";

interface JumpToLatestProps {
  shown: boolean;
  newMessages: number;
  onJump(): void;
}

export function JumpToLatest({ shown, ...props }: JumpToLatestProps) {
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-7 flex justify-center">
      <AnimatePresence initial={false}>{shown ? <JumpButton {...props} /> : null}</AnimatePresence>
    </div>
  );
}

function JumpButton({ newMessages, onJump }: Omit<JumpToLatestProps, "shown">) {
  const { chat } = useWords();
  const still = useStill();
  return (
    <m.button
      type="button"
      onClick={onJump}
      aria-label={newMessages > 0 ? undefined : chat.toLatest}
      initial={still ? false : { opacity: 0, y: 6 }}
      animate={{ opacity: 1, y: 0 }}
      exit={{ opacity: 0 }}
      transition={{ duration: still ? 0 : 0.15 }}
      className={cn(
        "pointer-events-auto inline-flex min-h-10 min-w-10 items-center justify-center gap-2 rounded-full border border-transparent font-medium text-sm shadow-float pointer-coarse:min-h-11 pointer-coarse:min-w-11",
        newMessages > 0
          ? "bg-accent px-4 text-on-accent hover:bg-accent-strong"
          : "border-line bg-surface text-ink hover:bg-hover",
      )}
    >
      <ArrowDown aria-hidden="true" className="size-4" />
      {newMessages > 0 ? <span translate="no">{chat.newMessages(newMessages)}</span> : null}
    </m.button>
  );
}
