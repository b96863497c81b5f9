import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Receipt } from "@/lib/protocol/commands";
import { type Position, positionSchema } from "@/lib/protocol/position";
import type { Claim } from "@/lib/server/claim";
import { publishPosition } from "@/lib/server/relay/publish-position";
import { callFunction } from "@/lib/server/sql-function";

/**
 * Moves the caller's own position forward; reading implies delivery; going backwards changes nothing.
 * Others hear of it as a courtesy: a lost push is repaired by the next `events` answer, which carries positions.
 * Throws AppError: session-ended, not-found, validation-failed (beyond the head).
 */
export async function recordReceipt(
  claim: Claim,
  consultationId: string,
  receipt: Receipt,
): Promise<{ position: Position }> {
  const answer = await callFunction(Prisma.sql`record_receipt(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid,
    ${receipt.deliveredUpToSeq ?? null}::integer, ${receipt.readUpToSeq ?? null}::integer
  )`);
  const position = positionSchema.parse(answer.position);
  if (answer.outcome === "created") {
    publishPosition({ consultationId, epoch: String(answer.epoch), position, read: receipt.readUpToSeq !== undefined });
  }
  return { position };
}
