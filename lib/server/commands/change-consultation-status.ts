import "server-only";
import { v7 as uuidV7 } from "uuid";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Event } from "@/lib/protocol/event";
import type { ConsultationStatus, SystemLine } from "@/lib/protocol/message";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";

interface StatusChange {
  from: ConsultationStatus;
  to: ConsultationStatus;
  line: { type: SystemLine["type"]; closingNote?: string | null };
}

/** Moves a consultation from one state to the next and adds the system line that says so. */
export async function changeConsultationStatus(
  claim: Claim,
  consultationId: string,
  { from, to, line }: StatusChange,
): Promise<{ event: Event | null }> {
  const { event } = await appendEvent(
    consultationId,
    Prisma.sql`change_consultation_status(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid,
      ${from}::"ConsultationStatus", ${to}::"ConsultationStatus",
      ${uuidV7()}::uuid, ${JSON.stringify(line)}::jsonb, ${relayOwner()}::uuid
    )`,
  );
  return { event };
}
