"use client";

import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useManagement } from "@/hooks/useManagement";
import type { RenewedInvitation } from "@/lib/protocol/commands";
import type { User } from "@/lib/protocol/user";
import { Confirmation } from "./Confirmation";
import { InvitationSent } from "./InvitationSent";
import { Modal } from "./Modal";
import { refusalWords } from "./refusal-words";

interface InvitationToolsProps {
  consultationId: string;
  user: User;
  /** Sending again makes no sense once it is over; taking back does. */
  open: boolean;
  onWithdrawn(): void;
}

/** For the practitioner: writes again to somebody who has not accepted yet, or takes the invitation back. */
export function InvitationTools({ consultationId, user, open, onWithdrawn }: InvitationToolsProps) {
  const words = useWords();
  const { people } = words;
  const { renewInvitation, withdrawInvitation } = useManagement();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [renewed, setRenewed] = useState<RenewedInvitation | null>(null);
  const [asking, setAsking] = useState(false);

  async function renew() {
    setBusy(true);
    setProblem(null);
    const result = await renewInvitation(consultationId);
    setBusy(false);
    if (result.ok) setRenewed(result.value);
    else setProblem(refusalWords(words, result.refusal, people.invitationErrors));
  }

  return (
    <div className="mt-2 flex flex-wrap gap-2">
      {open ? (
        <Button look="secondary" size="small" busy={busy} onClick={renew}>
          {busy ? people.renewing : people.renew}
        </Button>
      ) : null}
      <Button look="danger" size="small" onClick={() => setAsking(true)}>
        {people.withdraw}
      </Button>
      {problem ? (
        <p role="alert" className="w-full rounded-lg bg-danger-soft px-3 py-2 text-danger text-sm">
          {problem}
        </p>
      ) : null}
      {renewed ? (
        <Modal title={people.renewed} onClose={() => setRenewed(null)}>
          <InvitationSent who={user.name} mail={renewed.mail} invitation={renewed.invitation} />
          <div className="mt-6 flex justify-end">
            <Button data-first onClick={() => setRenewed(null)}>
              {people.done}
            </Button>
          </div>
        </Modal>
      ) : null}
      {asking ? (
        <Confirmation
          title={people.withdrawTitle(user.name)}
          text={people.withdrawText(user.name)}
          words={{
            keep: people.keepInvitation,
            confirm: people.withdraw,
            busy: people.withdrawing,
            refusals: people.invitationErrors,
          }}
          command={() => withdrawInvitation(consultationId)}
          onClose={(done) => {
            setAsking(false);
            if (done) onWithdrawn();
          }}
        />
      ) : null}
    </div>
  );
}
