"use client";

import { UserX } from "lucide-react";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { ConsultationRow } from "@/lib/protocol/snapshot";

/** Stands for the presence of somebody who takes part no more, or never did. */
export function LeftWords({ left }: { left: NonNullable<ConsultationRow["counterpart"]["left"]> }) {
  const { presence } = useWords();
  return (
    <span translate="no" className="inline-flex items-center gap-1 text-ink-soft text-xs">
      <UserX aria-hidden="true" className="size-3.5 shrink-0" />
      <span>{presence.left[left]}</span>
    </span>
  );
}
