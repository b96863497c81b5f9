"use client";

import type { ComponentProps } from "react";
import { cn } from "@/components/ui/cn";
import { useRoomActions } from "./RoomContext";

export interface ReactionChipProps extends Omit<ComponentProps<"button">, "children"> {
  messageId: string;
  emoji: string;
  count: number;
  mine: boolean;
  /** Who holds it. */
  names: string;
  focusable: boolean;
}

/** One emoji and how many hold it; its name says who. A press adds mine or takes it away. */
export function ReactionChip({ messageId, emoji, count, mine, names, focusable, ...props }: ReactionChipProps) {
  const { writable, toggle } = useRoomActions();
  return (
    <button
      {...props}
      type="button"
      translate="no"
      tabIndex={focusable ? 0 : -1}
      aria-pressed={mine}
      // The tooltip says no more than the name.
      aria-describedby={undefined}
      aria-disabled={!writable}
      onClick={(event) => {
        props.onClick?.(event);
        if (writable) toggle(messageId, emoji);
      }}
      className={cn(
        "relative inline-flex min-h-7 items-center gap-1.5 rounded-full border px-2 text-sm leading-none pointer-coarse:min-h-8",
        "before:absolute before:-inset-x-0.5 before:-inset-y-1.5 before:content-['']",
        mine ? "chosen border-accent bg-accent-soft text-accent-strong" : "border-line bg-surface text-ink",
        writable ? "hover:border-accent" : "cursor-default",
      )}
    >
      <span className="text-base leading-none">{`${emoji} `}</span>
      <span className={cn("numeric text-xs", mine && "font-semibold")}>
        <span>{count}</span>
        <span className="sr-only">{`: ${names}`}</span>
      </span>
    </button>
  );
}
