import "server-only";
import { consultationChannel } from "@/lib/protocol/channels";
import { type PositionPush, PROTOCOL_VERSION } from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import { runtime } from "@/lib/runtime";
import { noticeRead } from "@/lib/server/notices/notices";
import { pushCourtesies } from "./push-courtesy";

/**
 * Tells the others how far somebody has come, and that person's other tabs what is no longer unread. Not awaited and
 * not repeated: positions are maxima that every `events` answer carries, so a lost one is only late.
 */
export function publishPosition(options: {
  consultationId: string;
  epoch: string;
  position: Position;
  read: boolean;
}): void {
  const { consultationId, epoch, position, read } = options;
  const push: PositionPush = { v: PROTOCOL_VERSION, consultationId, epoch, position };
  pushCourtesies([
    {
      channel: consultationChannel(consultationId, runtime().pusher.encryptionMasterKeyBase64 !== null),
      name: read ? "message-read" : "message-delivered",
      data: JSON.stringify(push),
    },
  ]);
  if (read) noticeRead(consultationId, position.userId);
}
