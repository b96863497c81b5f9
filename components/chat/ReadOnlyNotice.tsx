"use client";

import { CalendarClock, CircleCheck, CircleSlash } from "lucide-react";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { fullTime } from "@/lib/i18n/time";
import type { ConsultationStatus } from "@/lib/protocol/message";
import type { Consultation } from "@/lib/protocol/snapshot";
import type { Role } from "@/lib/protocol/user";

type ReadOnlyStatus = Exclude<ConsultationStatus, "IN_PROGRESS">;
const icons = { SCHEDULED: CalendarClock, COMPLETED: CircleCheck, CANCELLED: CircleSlash };

interface ReadOnlyNoticeProps {
  consultation: Consultation;
  status: ReadOnlyStatus;
  role: Role;
}

/** Stands where the composer would be: why nothing can be written, and what to do. */
export function ReadOnlyNotice({ consultation, status, role }: ReadOnlyNoticeProps) {
  const { view, words } = useViewpoint();
  const { title, when, hint } = words.readOnly[status];
  const at = status === "SCHEDULED" ? consultation.scheduledFor : consultation.endedAt;
  const Icon = icons[status];
  return (
    <div className="pb-safe shrink-0 border-line border-t bg-surface px-4 pt-3">
      <div className="mx-auto flex max-w-3xl gap-3 sm:px-5">
        <Icon aria-hidden="true" className="mt-0.5 size-5 shrink-0 text-ink-soft" />
        <div role="status" className="min-w-0 text-sm">
          <p className="font-semibold">{title}</p>
          <p className="text-ink-soft" suppressHydrationWarning>
            {at ? `${when(fullTime(view, Date.parse(at)))} ${hint[role]}` : hint[role]}
          </p>
        </div>
      </div>
    </div>
  );
}
