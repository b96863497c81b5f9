"use client";

import { Clock3 } from "lucide-react";
import { InvitedWords } from "@/components/people/InvitedWords";
import { LeftWords } from "@/components/people/LeftWords";
import { PresenceWords } from "@/components/people/PresenceWords";
import { cn } from "@/components/ui/cn";
import { PageLink } from "@/components/ui/PageLink";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { StatusBadge } from "@/components/ui/StatusBadge";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import { consultationPath } from "@/lib/browser/consultation-pages";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { RowPreview } from "./RowPreview";

interface ConsultationRowLinkProps {
  row: ConsultationRow;
  viewerId: string;
  open: boolean;
  /** Whether anybody can tell us who is there. */
  told: boolean;
  /** Own messages in it that are not sent yet. */
  unsent: number;
  /** What was begun in its composer. */
  draft: string | null;
}

export function ConsultationRowLink({ row, viewerId, open, told, unsent, draft }: ConsultationRowLinkProps) {
  const { list } = useWords();
  const { counterpart, unreadCount, invitation } = row;
  const unfinished = row.status === "SCHEDULED" || row.status === "IN_PROGRESS";
  return (
    <li>
      <PageLink
        href={consultationPath(row.id)}
        prefetch={false}
        aria-current={open ? "page" : undefined}
        className={cn(
          "relative flex gap-3 rounded-xl p-2.5 -outline-offset-2",
          open
            ? "bg-accent-soft before:absolute before:inset-y-2 before:start-0 before:border-accent before:border-s-4 forced-colors:before:border-[Highlight]"
            : "hover:bg-hover",
        )}
      >
        <span className="relative h-fit shrink-0 @max-2xs:hidden">
          <PersonAvatar person={counterpart} size="large" />
          {told && counterpart.online && !counterpart.left && unfinished ? (
            <span
              aria-hidden="true"
              className="filled absolute -end-0.5 -bottom-0.5 size-3.5 rounded-full border-2 border-surface bg-success"
            />
          ) : null}
        </span>
        <span className="min-w-0 grow">
          <span className="flex flex-wrap items-center gap-x-1.5">
            <PersonName
              name={counterpart.name}
              role={counterpart.role}
              oneLine
              className={cn("grow basis-24", unreadCount > 0 ? "font-bold" : "font-semibold")}
            />
            <Time at={row.lastActivityAt} as="short" className="numeric ms-auto shrink-0 ps-1 text-ink-soft text-xs" />
          </span>
          <span data-identity="" className="mt-0.5 block truncate text-sm" dir="auto">
            {row.subject}
          </span>
          <span className="mt-0.5 flex items-center gap-2 text-sm">
            <RowPreview row={row} viewerId={viewerId} draft={open ? null : draft} />
            {unreadCount > 0 ? (
              <span
                translate="no"
                className="chosen numeric grid h-5 min-w-5 shrink-0 place-items-center rounded-full bg-accent px-1.5 font-semibold text-on-accent text-xs"
              >
                <span aria-hidden="true">{unreadCount > 99 ? "99+" : unreadCount}</span>
                <span className="sr-only">{list.unread(unreadCount)}</span>
              </span>
            ) : null}
          </span>
          <span className="mt-1 flex min-h-4 flex-wrap items-center gap-x-3 gap-y-0.5">
            <StatusBadge status={row.status} />
            {invitation?.userId === counterpart.id ? (
              <InvitedWords invitation={invitation} />
            ) : unfinished && counterpart.left ? (
              <LeftWords left={counterpart.left} />
            ) : unfinished ? (
              <PresenceWords online={counterpart.online} lastActiveAt={counterpart.lastActiveAt} told={told} />
            ) : null}
            {unsent > 0 ? (
              <span translate="no" className="inline-flex items-center gap-1 text-ink-soft text-xs">
                <Clock3 aria-hidden="true" className="size-3.5 shrink-0" />
                <span>{list.unsent(unsent)}</span>
              </span>
            ) : null}
          </span>
        </span>
      </PageLink>
    </li>
  );
}
