"use client";

import { Button } from "@/components/ui/Button";
import { useOpenPage } from "@/components/ui/PageLink";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useConsultationList } from "@/hooks/useConsultationList";
import { useKeptForm } from "@/hooks/useKeptForm";
import { consultationPath } from "@/lib/browser/consultation-pages";
import type { CreatedConsultation } from "@/lib/protocol/commands";
import { InvitationSent } from "./InvitationSent";
import { Modal } from "./Modal";
import { NewConsultationForm } from "./NewConsultationForm";
import { NO_FIELDS } from "./new-consultation";

interface NewConsultationProps {
  onClose(): void;
}

/**
 * Dialog for practitioners. What was typed is still there when it is opened again, and what is said once goes with nothing but
 * its own button.
 */
export function NewConsultation({ onClose }: NewConsultationProps) {
  const { newConsultation, people } = useWords();
  const { refresh } = useConsultationList();
  const openPage = useOpenPage();
  const [fields, setFields] = useKeptForm("new-consultation", NO_FIELDS);
  const [created, setCreated] = useKeptForm<CreatedConsultation | null>("created-consultation", null);

  function onCreated(answer: CreatedConsultation) {
    void refresh();
    if (answer.invitation || isAskedByMail(answer)) setCreated(answer);
    else finish(answer.consultation.id);
  }

  function finish(consultationId: string | null) {
    onClose();
    setCreated(null);
    setFields(NO_FIELDS);
    if (consultationId !== null) openPage(consultationPath(consultationId));
  }

  const asked = created?.consultation.invitation;
  return asked ? (
    <Modal key="created" title={newConsultation.created} onClose={() => finish(null)}>
      <InvitationSent
        who={fields.patientEmail.trim()}
        mail={created.mail}
        invitation={{ url: created.invitation?.url ?? null, expiresAt: asked.expiresAt }}
      />
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button look="secondary" onClick={() => finish(null)}>
          {people.done}
        </Button>
        <Button onClick={() => finish(created.consultation.id)}>{newConsultation.go}</Button>
      </div>
    </Modal>
  ) : (
    <Modal key="form" title={newConsultation.title} onClose={onClose}>
      <NewConsultationForm fields={fields} onChange={setFields} onCreated={onCreated} onCancel={onClose} />
    </Modal>
  );
}

/** Then there is something to say although there is no link to show. */
function isAskedByMail({ consultation, mail }: CreatedConsultation): boolean {
  return consultation.invitation !== null && mail === "smtp";
}
