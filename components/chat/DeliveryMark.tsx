"use client";

import { ArrowUpFromLine, Check, CheckCheck, CircleAlert, Clock3, type LucideIcon } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { Time } from "@/components/ui/Time";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { MessageStatus } from "@/lib/core/message-status";
import { fullTime } from "@/lib/i18n/time";

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
  /** When it got that far; sent is when the message says. */
  at: string | null;
  /** Shows the word too, not only to screen readers. */
  worded: boolean;
}

/** Each state has a shape of its own: read is the delivered ticks in a filled badge. */
export function DeliveryMark({ status, at, worded }: DeliveryMarkProps) {
  const { view, words } = useViewpoint();
  const Icon = icons[status];
  const word = words.chat.delivery[status];
  const since = status === "delivered" || status === "read" ? at : null;
  return (
    <span
      translate="no"
      title={since === null ? undefined : `${word}: ${fullTime(view, Date.parse(since))}`}
      suppressHydrationWarning
      className={cn("inline-flex items-center gap-1", status === "parked" && "font-medium text-danger")}
    >
      <span className={cn(status === "read" && "chosen rounded-full bg-accent px-1 text-on-accent")}>
        <Icon aria-hidden="true" className="size-3.5" strokeWidth={2.25} />
      </span>
      <span className={worded ? undefined : "sr-only"}>
        <span>{since === null ? word : `${word} `}</span>
        {since === null ? null : <Time at={since} />}
      </span>
    </span>
  );
}
