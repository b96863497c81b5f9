"use client";

import { LogOut, UserMinus } from "lucide-react";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Participant } from "@/lib/protocol/snapshot";
import { PresenceWords } from "./PresenceWords";

interface PersonEntryProps {
  participant: Participant;
  self: boolean;
  here: boolean;
  told: boolean;
  /** Null where this person may not be removed by the viewer. */
  onRemove: (() => void) | null;
}

export function PersonEntry({ participant, self, here, told, onRemove }: PersonEntryProps) {
  const { people } = useWords();
  const { user, online, lastActiveAt } = participant;
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
        <PresenceWords online={online || self} lastActiveAt={lastActiveAt} here={here || self} told={told} />
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
