"use client";

import { InvitedWords } from "@/components/people/InvitedWords";
import { PresenceWords } from "@/components/people/PresenceWords";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Participant } from "@/lib/protocol/snapshot";

interface HeaderPresenceProps {
  others: readonly Participant[];
  /** Who has this conversation open. */
  here: readonly string[];
  told: boolean;
}

/** Whom nobody can be waiting for yet comes first; of one other person how they are there, of several how many are. */
export function HeaderPresence({ others, here, told }: HeaderPresenceProps) {
  const { presence } = useWords();
  const [first] = others;
  if (!first) return null;
  const invited = others.find(({ invitation }) => invitation)?.invitation;
  if (invited) return <InvitedWords invitation={invited} />;
  if (others.length === 1) {
    return (
      <PresenceWords
        online={first.online}
        lastActiveAt={first.lastActiveAt}
        here={here.includes(first.user.id)}
        told={told}
      />
    );
  }
  const there = others.filter(({ user, online }) => online || here.includes(user.id)).length;
  return (
    <span translate="no" className="text-ink-soft text-xs">
      {told ? presence.onlineOf(there, others.length) : presence.unknown}
    </span>
  );
}
