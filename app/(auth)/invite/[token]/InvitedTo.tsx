import { Fragment } from "react";
import { requestWords } from "@/app/viewpoint";
import { RoleBadge } from "@/components/ui/RoleBadge";
import { Time } from "@/components/ui/Time";
import type { OpenInvitation } from "@/lib/server/invitations/accept-invitation";

interface InvitedToProps {
  invitation: OpenInvitation;
  /** How it is answered. */
  how: string;
}

/** Who invites, and what to: as much as a letter would say, and nothing of what was written. */
export async function InvitedTo({ invitation: { inviter, subject, status, scheduledFor }, how }: InvitedToProps) {
  const { invitation } = await requestWords();
  const ended = status === "COMPLETED" || status === "CANCELLED" ? invitation.states[status] : null;
  return (
    <Fragment>
      <p className="mt-1 text-pretty text-ink-soft">
        <span className="break-words">{`${invitation.from(inviter.name)} `}</span>
        <RoleBadge role={inviter.role} />
      </p>
      <dl className="mt-4 rounded-xl border border-line bg-surface px-4 py-3">
        <dt className="text-ink-soft text-sm">{invitation.subject}</dt>
        <dd className="wrap-anywhere font-medium" dir="auto">
          {subject}
        </dd>
        {scheduledFor && !ended ? (
          <Fragment>
            <dt className="mt-2 text-ink-soft text-sm">{invitation.when}</dt>
            <dd>
              <Time at={scheduledFor} as="full" />
            </dd>
          </Fragment>
        ) : null}
      </dl>
      <p className="mt-3 text-pretty text-ink-soft">{ended ? `${ended} ${how}` : how}</p>
    </Fragment>
  );
}
