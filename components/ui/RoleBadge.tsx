"use client";

import type { Role } from "@/lib/protocol/user";
import { cn } from "./cn";
import { useWords } from "./ViewpointProvider";

export function RoleBadge({ role }: { role: Role }) {
  const words = useWords();
  return (
    <span
      translate="no"
      className={cn(
        "max-w-full rounded-md wrap-anywhere border px-1.5 py-px text-xs font-medium",
        role === "PRACTITIONER" ? "border-accent/30 bg-accent-soft text-accent-strong" : "border-line text-ink-soft",
      )}
    >
      {words.roles[role]}
    </span>
  );
}
