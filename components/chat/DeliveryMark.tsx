"use client";

import { ArrowUpFromLine, Check, CheckCheck, CircleAlert, Clock3, type LucideIcon } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { MessageStatus } from "@/lib/core/message-status";

const icons: Record<MessageStatus, LucideIcon> = {
  queued: Clock3,
  sending: ArrowUpFromLine,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  parked: CircleAlert,
};

interface DeliveryMarkProps {
  status: MessageStatus;
  /** Shows the word too, not only to screen readers. */
  worded: boolean;
}

/** Each state has a shape of its own: read is the delivered ticks in a filled badge. */
export function DeliveryMark({ status, worded }: DeliveryMarkProps) {
  const words = useWords();
  const Icon = icons[status];
  return (
    <span className={cn("inline-flex items-center gap-1", status === "parked" && "font-medium text-danger")}>
      <span className={cn(status === "read" && "rounded-full bg-accent px-1 text-on-accent")}>
        <Icon aria-hidden="true" className="size-3.5" strokeWidth={2.25} />
      </span>
      <span className={worded ? undefined : "sr-only"}>{words.chat.delivery[status]}</span>
    </span>
  );
}
