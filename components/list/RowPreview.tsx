"use client";

import { cn } from "@/components/ui/cn";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { Catalogue } from "@/lib/i18n/en";
import { plannedTime, type Viewpoint } from "@/lib/i18n/time";
import type { ConsultationRow } from "@/lib/protocol/snapshot";

interface RowPreviewProps {
  row: ConsultationRow;
  viewerId: string;
  draft: string | null;
}

/** What was begun and not sent comes before what was said last. */
export function RowPreview({ row, viewerId, draft }: RowPreviewProps) {
  const { view, words, now } = useViewpoint();
  if (draft !== null) {
    return (
      <span className="min-w-0 grow truncate text-ink-soft">
        <span className="font-medium text-danger">{`${words.list.draft} `}</span>
        <span dir="auto">{draft}</span>
      </span>
    );
  }
  return (
    <span
      className={cn("min-w-0 grow truncate", row.unreadCount > 0 ? "font-medium" : "text-ink-soft")}
      dir="auto"
      suppressHydrationWarning
    >
      {previewOf(row, viewerId, words, view, now)}
    </span>
  );
}

/** Under one other person's name stands what that person wrote; whatever else it is says whose it is. */
export function lastWords(
  { counterpart, othersCount }: ConsultationRow,
  { senderId, senderName, preview }: NonNullable<ConsultationRow["lastMessage"]>,
  viewerId: string,
  list: Catalogue["list"],
): string {
  if (senderId === viewerId) return list.you(preview);
  const alone = senderId === counterpart.id && othersCount < 2;
  return alone || !senderName ? preview : list.from(senderName, preview);
}

function previewOf(row: ConsultationRow, viewerId: string, { list }: Catalogue, view: Viewpoint, now: number): string {
  const { lastMessage, status, scheduledFor } = row;
  if (lastMessage) return lastWords(row, lastMessage, viewerId, list);
  if (status === "SCHEDULED" && scheduledFor) return list.startsAt(plannedTime(view, Date.parse(scheduledFor), now));
  return status === "COMPLETED" || status === "CANCELLED" ? list.neverMessages : list.noMessages;
}
