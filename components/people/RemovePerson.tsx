"use client";

import { useOpenPage } from "@/components/ui/PageLink";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useManagement } from "@/hooks/useManagement";
import { LIST_PATH } from "@/lib/browser/consultation-pages";
import type { User } from "@/lib/protocol/user";
import { Confirmation } from "./Confirmation";

interface RemovePersonProps {
  consultationId: string;
  user: User;
  self: boolean;
  onClose(removed: boolean): void;
}

export function RemovePerson({ consultationId, user, self, onClose }: RemovePersonProps) {
  const { people } = useWords();
  const { removeParticipant } = useManagement();
  const openPage = useOpenPage();
  const { name } = user;
  const text = user.role === "PATIENT" ? people.removePatientText(name) : people.removeText(name);
  return (
    <Confirmation
      title={self ? people.leaveTitle : people.removeTitle(name)}
      text={self ? people.leaveText : text}
      words={{
        keep: self ? people.stay : people.keep,
        confirm: self ? people.leave : people.removeShort,
        busy: people.removing,
        refusals: people.errors,
      }}
      command={() => removeParticipant(consultationId, user.id)}
      onClose={(removed) => {
        onClose(removed);
        if (removed && self) openPage(LIST_PATH);
      }}
    />
  );
}
