import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { SendMessage } from "@/lib/protocol/commands";
import type { Event } from "@/lib/protocol/event";
import type { Claim } from "@/lib/server/claim";
import { appendEvent } from "@/lib/server/log/append-event";
import { hashBody } from "@/lib/server/log/body-hash";
import { relayOwner } from "@/lib/server/relay/process-relay";

/**
 * Adds a message to a consultation in progress. The id is the idempotency key for ever: the same id from the same
 * author with the same original body is answered with its event, whatever happened to the message since.
 *
 * Throws AppError: session-ended, not-found, id-conflict, consultation-not-in-progress, validation-failed.
 */
export async function sendMessage(claim: Claim, command: SendMessage): Promise<{ event: Event; repeated: boolean }> {
  const { event, repeated } = await appendEvent(
    command.consultationId,
    Prisma.sql`send_message(
      ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${command.consultationId}::uuid, ${command.id}::uuid,
      ${command.content}, ${command.replyToId}::uuid, ${hashBody(command)}, ${relayOwner()}::uuid
    )`,
  );
  if (!event) throw new Error("send_message answered no event");
  return { event, repeated };
}
