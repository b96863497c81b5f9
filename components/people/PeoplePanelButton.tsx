"use client";

import { UsersRound } from "lucide-react";
import type { Ref } from "react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";

interface PeoplePanelButtonProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  ref?: Ref<HTMLButtonElement>;
}

/** For the header of a conversation; shows and hides `PeoplePanel`. */
export function PeoplePanelButton({ open, onOpenChange, ref }: PeoplePanelButtonProps) {
  const { people } = useWords();
  return (
    <button
      ref={ref}
      type="button"
      aria-label={people.open}
      aria-expanded={open}
      title={people.open}
      onClick={() => onOpenChange(!open)}
      className={cn(
        "no-script:hidden icon-button",
        open ? "chosen border border-accent bg-accent-soft text-accent-strong" : "text-ink-soft hover:bg-hover",
      )}
    >
      <UsersRound aria-hidden="true" className="size-5" />
    </button>
  );
}
