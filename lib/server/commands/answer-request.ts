import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { type Event, eventSchema } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { tellRelay } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";
import { callFunction } from "@/lib/server/sql-function";

const answerSchema = z.object({ appended: z.array(z.looseObject({ event: eventSchema })) });

/**
 * Whoever was asked to a consultation takes part from now on, also in what else the same practitioner has asked; or
 * declines, and is out. Answered so already: `{ event: null }`.
 * Throws AppError: session-ended, not-found, invitation-closed (a participant has nothing to decline).
 */
export async function answerRequest(
  claim: Claim,
  consultationId: string,
  accepted: boolean,
): Promise<{ event: Event | null }> {
  const answer = await callFunction(Prisma.sql`answer_request(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid, ${accepted}, ${relayOwner()}::uuid
  )`);
  const { appended } = answerSchema.parse(answer);
  for (const { event, ...told } of appended) tellRelay(event, told);
  return { event: appended.find(({ event }) => event.consultationId === consultationId)?.event ?? null };
}
