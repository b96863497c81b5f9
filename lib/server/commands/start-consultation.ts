import "server-only";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { changeConsultationStatus } from "./change-consultation-status";

/**
 * A practitioner of the consultation starts it; already in progress: `{ event: null }`.
 * Throws AppError: session-ended, not-found, not-allowed, consultation-state.
 */
export function startConsultation(claim: Claim, consultationId: string): Promise<{ event: Event | null }> {
  return changeConsultationStatus(claim, consultationId, {
    from: "SCHEDULED",
    to: "IN_PROGRESS",
    line: { type: "consultation-started" },
  });
}
