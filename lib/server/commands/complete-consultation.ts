import "server-only";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { changeConsultationStatus } from "./change-consultation-status";

/**
 * A practitioner of the consultation ends it now, with a note for the patient if there is one, else with that of the
 * end announced; already completed: `{ event: null }`. Of a completion and a message in flight one takes the turn first: what comes after the
 * completion is refused (UI3).
 * Throws AppError: session-ended, not-found, not-allowed, consultation-not-in-progress.
 */
export function completeConsultation(
  claim: Claim,
  consultationId: string,
  options: { closingNote: string | null },
): Promise<{ event: Event | null }> {
  return changeConsultationStatus(claim, consultationId, {
    from: "IN_PROGRESS",
    to: "COMPLETED",
    line: { type: "consultation-completed", closingNote: options.closingNote },
  });
}
