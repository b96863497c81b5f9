import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { eventSchema } from "@/lib/protocol/event";
import { tellRelay } from "@/lib/server/log/append-event";
import { relayOwner } from "@/lib/server/relay/process-relay";
import { callFunction } from "@/lib/server/sql-function";

const appendedSchema = z.array(z.looseObject({ event: eventSchema }));

/**
 * Completes every consultation whose announced end has come. Cheap where there is none, and safe in any number of
 * processes at once: each relay calls it about once a second.
 */
export async function completeDueConsultations(): Promise<void> {
  const answer = await callFunction(Prisma.sql`complete_due_consultations(${relayOwner()}::uuid)`);
  for (const { event, ...appended } of appendedSchema.parse(answer.appended)) tellRelay(event, appended);
}
