"use client";

import { Fragment, useId } from "react";
import { CopyButton } from "@/components/ui/CopyButton";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { fullTime } from "@/lib/i18n/time";
import type { MailMode } from "@/lib/protocol/mail-mode";

interface InvitationSentProps {
  /** Name or address of whoever is asked. */
  who: string;
  mail: MailMode;
  invitation: { url: string | null; expiresAt: string };
}

/** What became of the mail here. Where none leaves: the link, to hand over. */
export function InvitationSent({ who, mail, invitation: { url, expiresAt } }: InvitationSentProps) {
  const { view, words } = useViewpoint();
  const { invitation, newConsultation } = words;
  const id = useId();
  return (
    <Fragment>
      <p className="mt-1 break-words text-[0.9375rem] text-ink-soft">
        {`${invitation.mailed[mail](who)} ${url === null ? invitation.answerSeen : invitation.handOver}`}
      </p>
      {url === null ? null : (
        <Fragment>
          <label htmlFor={id} className="sr-only">
            {newConsultation.link}
          </label>
          <input
            id={id}
            readOnly
            dir="ltr"
            value={url}
            aria-describedby={`${id}-once`}
            onFocus={(event) => event.currentTarget.select()}
            className="mt-3 block w-full rounded-lg border border-control bg-sunken px-3 py-2.5 font-mono text-sm"
          />
          <p id={`${id}-once`} className="mt-1.5 text-ink-soft text-sm">
            {newConsultation.linkOnce(fullTime(view, Date.parse(expiresAt)))}
          </p>
          <div className="mt-3">
            <CopyButton look="secondary" words={newConsultation} text={() => url} />
          </div>
        </Fragment>
      )}
    </Fragment>
  );
}
