import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { userChannel } from "@/lib/protocol/channels";
import { PROTOCOL_VERSION } from "@/lib/protocol/event";
import type { UserStatusChange } from "@/lib/protocol/notices";
import { canPushCourtesies, pushCourtesies } from "@/lib/server/relay/push-courtesy";
import { callFunction } from "@/lib/server/sql-function";

const changesSchema = z.array(
  z.object({
    userId: z.string(),
    online: z.boolean(),
    lastActiveAt: z.string().nullable(),
    tell: z.array(z.string()),
  }),
);

/**
 * Tells the counterparts of whoever came or went, among these users or (null) all. While nothing can be pushed nobody
 * is taken to be told: what has changed in the end is told afterwards.
 */
export async function settlePresence(userIds: readonly string[] | null): Promise<void> {
  if (!canPushCourtesies()) return;
  const { changes } = await callFunction(Prisma.sql`settle_presence(${userIds}::uuid[])`);
  pushCourtesies(
    changesSchema.parse(changes).flatMap(({ userId, online, lastActiveAt, tell }) => {
      const status: UserStatusChange["status"] = online ? "online" : "offline";
      const data = JSON.stringify({ v: PROTOCOL_VERSION, userId, status, lastActiveAt } satisfies UserStatusChange);
      return tell.map((counterpart) => ({ channel: userChannel(counterpart), name: "user-status-change", data }));
    }),
  );
}
