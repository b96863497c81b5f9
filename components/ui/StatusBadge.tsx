"use client";

import { CalendarClock, CircleCheck, CircleSlash, type LucideIcon, MessageCircle } from "lucide-react";
import type { ConsultationStatus } from "@/lib/protocol/message";
import { cn } from "./cn";
import { useWords } from "./ViewpointProvider";

const looks: Record<ConsultationStatus, { icon: LucideIcon; tone: string }> = {
  SCHEDULED: { icon: CalendarClock, tone: "text-warning" },
  IN_PROGRESS: { icon: MessageCircle, tone: "text-success" },
  COMPLETED: { icon: CircleCheck, tone: "text-ink-soft" },
  CANCELLED: { icon: CircleSlash, tone: "text-danger" },
};

export function StatusBadge({ status }: { status: ConsultationStatus }) {
  const words = useWords();
  const { icon: Icon, tone } = looks[status];
  return (
    <span translate="no" className={cn("inline-flex shrink-0 items-center gap-1 text-xs font-medium", tone)}>
      <Icon aria-hidden="true" className="size-3.5" />
      <span>{words.status[status]}</span>
    </span>
  );
}
