import "server-only";
import { userChannel } from "@/lib/protocol/channels";
import { PROTOCOL_VERSION } from "@/lib/protocol/event";
import type { PusherEvent } from "@/lib/pusher/server";
import type { Notices } from "./read-notices";

/**
 * The pushes to people's own channels. These channels are never encrypted, so under a master key as under
 * PUSHER_PAYLOADS=hint they carry ids only, and so does what would be too long.
 */
export function noticePushes(
  { consultationId, rows, written, changed, removed }: Notices,
  { idsOnly, maxDataBytes }: { idsOnly: boolean; maxDataBytes: number },
): PusherEvent[] {
  const push = (userId: string, name: string, ids: object, words: object): PusherEvent => {
    const bare = { v: PROTOCOL_VERSION, ...ids };
    const full = JSON.stringify({ ...bare, ...words });
    const whole = !idsOnly && Buffer.byteLength(full) <= maxDataBytes;
    return { channel: userChannel(userId), name, data: whole ? full : JSON.stringify(bare) };
  };
  return [
    ...rows.map(({ userId, row }) => push(userId, "consultation-updated", { consultationId }, { consultation: row })),
    // Without a row: it is in their list no longer, which they find when they read it.
    ...removed.map((userId) => push(userId, "consultation-updated", { consultationId }, {})),
    ...written.flatMap(({ messageId, seq, senderName, preview, tell }) =>
      tell.map((userId) =>
        push(userId, "message-notification", { consultationId, messageId, seq }, { senderName, preview }),
      ),
    ),
    ...changed.flatMap(({ messageId, preview, tell }) =>
      tell.map((userId) => push(userId, "message-notification-changed", { consultationId, messageId }, { preview })),
    ),
  ];
}
