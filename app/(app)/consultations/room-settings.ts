import "server-only";
import { runtime } from "@/lib/runtime";
import { completeConsultation, continueConsultation, sendMessage, startConsultation } from "./[id]/actions";

/** What a room has from the server whichever way it is opened. */
export function roomSettings() {
  return {
    actions: { sendMessage, startConsultation, completeConsultation, continueConsultation },
    editWindowSeconds: runtime().env.editWindowSeconds,
  };
}
