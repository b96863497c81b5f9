"use client";

import { LogOut, UserMinus } from "lucide-react";
import { Fragment } from "react";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { Catalogue } from "@/lib/i18n/en";
import { fullTime, type Viewpoint } from "@/lib/i18n/time";
import type { Parts } from "@/lib/jsx/content";
import type { Invitation, Participant } from "@/lib/protocol/snapshot";
import { InvitedWords } from "./InvitedWords";
import { PresenceWords } from "./PresenceWords";

interface PersonEntryProps {
  participant: Participant;
  self: boolean;
  here: boolean;
  told: boolean;
  /** Null where this person may not be removed by the viewer. */
  onRemove: (() => void) | null;
  children?: Parts;
}

export function PersonEntry({ participant, self, here, told, onRemove, children }: PersonEntryProps) {
  const { view, words, now } = useViewpoint();
  const { people } = words;
  const { user, online, lastActiveAt, invitation } = participant;
  const label = self ? people.leave : people.remove(user.name);
  const Icon = self ? LogOut : UserMinus;
  return (
    <li className="flex min-h-15 items-center gap-3 rounded-xl px-3 py-2">
      <span className="@max-[14rem]:hidden">
        <PersonAvatar person={user} />
      </span>
      <div className="min-w-0 grow">
        <p className="font-medium text-[0.9375rem]">
          <PersonName name={self ? people.you(user.name) : user.name} role={user.role} />
        </p>
        {invitation ? (
          <Fragment>
            <InvitedWords invitation={invitation} />
            <p className="mt-0.5 text-ink-soft text-xs" suppressHydrationWarning>
              {invitationTimes(invitation, words, view, now)}
            </p>
          </Fragment>
        ) : (
          <PresenceWords online={online || self} lastActiveAt={lastActiveAt} here={here || self} told={told} />
        )}
        {children}
      </div>
      {onRemove ? (
        <button
          type="button"
          aria-label={label}
          title={label}
          onClick={onRemove}
          className="icon-button text-ink-soft hover:bg-danger-soft hover:text-danger"
        >
          <Icon aria-hidden="true" className="size-4.5 rtl:-scale-x-100" />
        </button>
      ) : null}
    </li>
  );
}

function invitationTimes(
  { invitedAt, expiresAt }: Invitation,
  { people }: Catalogue,
  view: Viewpoint,
  now: number,
): string {
  const end = Date.parse(expiresAt);
  const link = end > now ? people.linkUntil : people.linkEnded;
  return `${people.invitedAt(fullTime(view, Date.parse(invitedAt)))} ${link(fullTime(view, end))}`;
}
