import "server-only";
import { consultationChannel } from "@/lib/protocol/channels";
import { type PositionPush, PROTOCOL_VERSION } from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import { triggerPusherEvents } from "@/lib/pusher/server";
import { runtime } from "@/lib/runtime";
import { logger } from "@/lib/server/log";
import { relayOwner } from "./process-relay";

/**
 * Tells the others how far somebody has come. Not awaited and not repeated: positions are maxima that every `events`
 * answer carries, so a lost one is only late.
 */
export function publishPosition(options: {
  consultationId: string;
  epoch: string;
  position: Position;
  read: boolean;
}): void {
  // Not while the provider fails: every call would.
  if (relayOwner() === null) return;
  const { consultationId, epoch, position, read } = options;
  const push: PositionPush = { v: PROTOCOL_VERSION, consultationId, epoch, position };
  triggerPusherEvents([
    {
      channel: consultationChannel(consultationId, runtime().pusher.encryptionMasterKeyBase64 !== null),
      name: read ? "message-read" : "message-delivered",
      data: JSON.stringify(push),
    },
  ]).catch((error: unknown) => logger().warn({ consultationId, err: error }, "position not pushed"));
}
