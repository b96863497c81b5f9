"use client";

import { MailQuestion } from "lucide-react";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { Invitation } from "@/lib/protocol/snapshot";

/** Stands for the presence of somebody who does not take part yet. */
export function InvitedWords({ invitation }: { invitation: Pick<Invitation, "expiresAt"> }) {
  const { words, now } = useViewpoint();
  const expired = Date.parse(invitation.expiresAt) <= now;
  return (
    <span translate="no" className="inline-flex items-center gap-1 text-warning text-xs">
      <MailQuestion aria-hidden="true" className="size-3.5 shrink-0" />
      <span suppressHydrationWarning>{expired ? words.presence.invitationExpired : words.presence.invited}</span>
    </span>
  );
}
