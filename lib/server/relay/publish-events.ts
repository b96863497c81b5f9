import "server-only";
import { consultationChannel } from "@/lib/protocol/channels";
import { type Event, type Hint, PROTOCOL_VERSION } from "@/lib/protocol/event";
import { PusherError, type PusherEvent, triggerPusherEvents } from "@/lib/pusher/server";
import { runtime } from "@/lib/runtime";
import { logger } from "@/lib/server/log";

const MAX_DATA_BYTES = 9_000;
/** 9,000 bytes grow to 12,084 when encrypted, over the provider's 10,240. */
const MAX_DATA_BYTES_BEFORE_ENCRYPTION = 7_500;

/**
 * Pushes events of one consultation in their order, in one call. Throws when the provider could not be asked or is
 * overloaded; a batch that it refuses is sent one by one, and an event it refuses goes out as a hint, so that one bad
 * event cannot hold up the others.
 */
export async function publishEvents(events: readonly Event[]): Promise<void> {
  try {
    await triggerPusherEvents(events.map((event) => toPush(event)));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    for (const event of events) await publishAlone(event);
  }
}

async function publishAlone(event: Event): Promise<void> {
  try {
    await triggerPusherEvents([toPush(event)]);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    logger().error(
      { consultationId: event.consultationId, seq: event.seq, type: event.type, status: error.status },
      "event refused by Pusher, published as a hint",
    );
    await triggerPusherEvents([toPush(event, { asHint: true })]);
  }
}

/** The provider read the request and will never take it: malformed or too large. */
function isRefusal(error: unknown): error is PusherError {
  return error instanceof PusherError && (error.status === 400 || error.status === 413);
}

function toPush(event: Event, { asHint = false } = {}): PusherEvent {
  const { env, pusher } = runtime();
  const encrypted = pusher.encryptionMasterKeyBase64 !== null;
  const limit = encrypted ? MAX_DATA_BYTES_BEFORE_ENCRYPTION : MAX_DATA_BYTES;
  const full = JSON.stringify(event);
  const fits = Buffer.byteLength(full) <= limit;
  return {
    channel: consultationChannel(event.consultationId, encrypted),
    name: event.type,
    data: fits && !asHint && env.pusherPayloads === "full" ? full : JSON.stringify(hintOf(event)),
  };
}

function hintOf({ consultationId, epoch, seq, type }: Event): Hint {
  return { v: PROTOCOL_VERSION, consultationId, epoch, seq, type, hint: true };
}
