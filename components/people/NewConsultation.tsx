"use client";

import { Plus } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useConsultationList } from "@/hooks/useConsultationList";
import type { CreatedConsultation } from "@/lib/protocol/commands";
import { InvitationLink } from "./InvitationLink";
import { Modal } from "./Modal";
import { NewConsultationForm } from "./NewConsultationForm";
import { NO_FIELDS } from "./new-consultation";

/** Button and dialog for practitioners. What was typed is still there when the dialog is opened again. */
export function NewConsultation({ look = "secondary" }: { look?: "primary" | "secondary" }) {
  const { newConsultation } = useWords();
  const { refresh } = useConsultationList();
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [fields, setFields] = useState(NO_FIELDS);
  const [created, setCreated] = useState<CreatedConsultation | null>(null);

  function onCreated(answer: CreatedConsultation) {
    void refresh();
    if (answer.invitation) setCreated(answer);
    else leave(answer.consultation.id);
  }

  function leave(consultationId: string | null) {
    setOpen(false);
    setCreated(null);
    if (consultationId !== null || created) setFields(NO_FIELDS);
    if (consultationId !== null) router.push(`/consultations/${consultationId}`);
  }

  const invitation = created?.invitation;
  return (
    <>
      <Button
        look={look}
        size={look === "primary" ? "regular" : "small"}
        aria-label={newConsultation.open}
        className="no-script:hidden"
        onClick={() => setOpen(true)}
      >
        <Plus aria-hidden="true" className="size-4" />
        {look === "primary" ? newConsultation.open : newConsultation.short}
      </Button>
      {open && !invitation ? (
        <Modal title={newConsultation.title} onClose={() => leave(null)}>
          <NewConsultationForm
            fields={fields}
            onChange={setFields}
            onCreated={onCreated}
            onCancel={() => leave(null)}
          />
        </Modal>
      ) : null}
      {open && created && invitation ? (
        <Modal title={newConsultation.created} onClose={() => leave(null)}>
          <InvitationLink
            email={fields.patientEmail.trim()}
            invitation={invitation}
            onOpen={() => leave(created.consultation.id)}
            onDone={() => leave(null)}
          />
        </Modal>
      ) : null}
    </>
  );
}
