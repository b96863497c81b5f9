import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import { type Snapshot, snapshotSchema } from "@/lib/protocol/snapshot";
import type { Claim } from "@/lib/server/claim";
import { withPushState } from "@/lib/server/relay/push-state";
import { callFunction } from "@/lib/server/sql-function";

/** One consistent look at a consultation with its last 50 messages. Throws AppError: session-ended, not-found. */
export async function readSnapshot(claim: Claim, consultationId: string): Promise<Snapshot> {
  const answer = await callFunction(
    Prisma.sql`read_snapshot(${claim.sessionId}::uuid, ${claim.userId}::uuid, ${consultationId}::uuid)`,
  );
  return snapshotSchema.parse(withPushState(answer));
}
