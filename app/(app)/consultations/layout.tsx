import type { ReactNode } from "react";
import { ConsultationPanes } from "@/components/list/ConsultationPanes";
import type { Parts } from "@/lib/jsx/content";
import { currentClaim, currentViewer } from "@/lib/server/auth/viewer";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { answerRequest } from "./[id]/actions";
import { roomSettings } from "./room-settings";

export default async function ConsultationsLayout({ children }: { children: ReactNode }) {
  const viewer = await currentViewer();
  const claim = await currentClaim();
  if (!viewer || !claim) return children;
  return (
    <ConsultationPanes
      viewer={viewer}
      initialRows={await listConsultations(claim)}
      answerRequest={answerRequest}
      {...roomSettings()}
    >
      {children as Parts}
    </ConsultationPanes>
  );
}
