"use client";

import type { Role } from "@/lib/protocol/user";
import { cn } from "./cn";
import { RoleBadge } from "./RoleBadge";

interface PersonNameProps {
  name: string;
  role: Role | null;
  /** Keeps to one line: a long name ends in dots rather than hide the badge, unless hardly anything were left of it. */
  oneLine?: boolean;
  className?: string;
}

/** The name comes first: a badge that does not fit beside it stands below it, and a name as long as the line ends in dots. */
export function PersonName({ name, role, oneLine = false, className }: PersonNameProps) {
  return (
    <span
      className={cn("flex min-w-0 flex-wrap items-center gap-x-1.5", oneLine && "h-[1lh] overflow-hidden", className)}
    >
      <span
        translate="no"
        data-identity=""
        className={cn(oneLine ? "max-w-max shrink grow basis-20 truncate" : "max-w-full wrap-anywhere")}
        dir="auto"
      >
        {name}
      </span>
      {role ? <RoleBadge role={role} /> : null}
    </span>
  );
}
