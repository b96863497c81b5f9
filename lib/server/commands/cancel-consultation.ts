import "server-only";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { changeConsultationStatus } from "./change-consultation-status";

/**
 * A practitioner of the consultation calls it off before it has begun; already cancelled: `{ event: null }`.
 * Throws AppError: session-ended, not-found, not-allowed, consultation-state.
 */
export function cancelConsultation(claim: Claim, consultationId: string): Promise<{ event: Event | null }> {
  return changeConsultationStatus(claim, consultationId, {
    from: "SCHEDULED",
    to: "CANCELLED",
    line: { type: "consultation-cancelled" },
  });
}
