"use client";

import { useId } from "react";
import { Button } from "@/components/ui/Button";
import { CopyButton } from "@/components/ui/CopyButton";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { fullTime } from "@/lib/i18n/time";

interface InvitationLinkProps {
  email: string;
  invitation: { url: string; expiresAt: string };
  onOpen(): void;
  onDone(): void;
}

export function InvitationLink({ email, invitation, onOpen, onDone }: InvitationLinkProps) {
  const { view, words } = useViewpoint();
  const { newConsultation, people } = words;
  const id = useId();
  return (
    <>
      <p className="mt-1 break-words text-[0.9375rem] text-ink-soft">{newConsultation.invited(email)}</p>
      <label htmlFor={id} className="sr-only">
        {newConsultation.link}
      </label>
      <input
        id={id}
        readOnly
        dir="ltr"
        value={invitation.url}
        aria-describedby={`${id}-once`}
        onFocus={(event) => event.currentTarget.select()}
        className="mt-3 block w-full rounded-lg border border-control bg-sunken px-3 py-2.5 font-mono text-sm"
      />
      <p id={`${id}-once`} className="mt-1.5 text-ink-soft text-sm">
        {newConsultation.linkOnce(fullTime(view, Date.parse(invitation.expiresAt)))}
      </p>
      <div className="mt-3">
        <CopyButton look="secondary" words={newConsultation} text={() => invitation.url} />
      </div>
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button look="secondary" onClick={onDone}>
          {people.done}
        </Button>
        <Button onClick={onOpen}>{newConsultation.go}</Button>
      </div>
    </>
  );
}
