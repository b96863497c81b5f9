"use client";

import { type KeyboardEvent, useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import { gridStep, REACTION_EMOJI } from "./emoji-set";

interface EmojiGridProps {
  pressed: ReadonlySet<string>;
  /** No more of them may be put there; those that are can be taken off. */
  full: boolean;
  onPick(emoji: string): void;
}

/** One stop for Tab; arrows lead through it. */
export function EmojiGrid({ pressed, full, onPick }: EmojiGridProps) {
  const { emoji: names } = useWords();
  const [active, setActive] = useState(0);
  const grid = useRef<HTMLDivElement>(null);

  function onKeyDown(event: KeyboardEvent) {
    const next = gridStep(active, event.key);
    if (next === null) return;
    event.preventDefault();
    setActive(next);
    grid.current?.querySelectorAll("button")[next]?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons in it take the keys.
    <div ref={grid} onKeyDown={onKeyDown} className="grid grid-cols-6">
      {REACTION_EMOJI.map((emoji, index) => (
        <button
          key={emoji}
          type="button"
          tabIndex={index === active ? 0 : -1}
          aria-label={names[emoji]}
          title={names[emoji]}
          aria-pressed={pressed.has(emoji)}
          aria-disabled={full && !pressed.has(emoji)}
          onFocus={() => setActive(index)}
          onClick={() => {
            if (!full || pressed.has(emoji)) onPick(emoji);
          }}
          className={cn(
            "grid size-9 place-items-center rounded-lg text-xl leading-none hover:bg-hover aria-disabled:opacity-40 pointer-coarse:size-11",
            pressed.has(emoji) && "chosen bg-accent-soft ring-2 ring-accent ring-inset",
          )}
        >
          <span aria-hidden="true">{emoji}</span>
        </button>
      ))}
    </div>
  );
}
