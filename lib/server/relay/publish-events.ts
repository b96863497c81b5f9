import "server-only";
import { consultationChannel } from "@/lib/protocol/channels";
import { PusherError, type PusherEvent, triggerPusherEvents } from "@/lib/pusher/server";
import { runtime } from "@/lib/runtime";
import { logger } from "@/lib/server/log";
import { hintOf } from "./hint";
import { type Publishable, PublishError } from "./ports";

/** Of the data of one push, as finally serialised. */
export const MAX_DATA_BYTES = 9_000;
/** 9,000 bytes grow to 12,084 when encrypted, over the provider's 10,240. */
const MAX_DATA_BYTES_BEFORE_ENCRYPTION = 7_500;

/**
 * Pushes events of one consultation in their order, in one call. A batch that the provider refuses is sent one by one,
 * and an event it refuses twice goes out as a hint, so that one bad event cannot hold up the others. Throws
 * PublishError.
 */
export async function publishEvents(events: readonly Publishable[]): Promise<void> {
  try {
    await triggerPusherEvents(events.map((event) => toPush(event)));
  } catch (error) {
    if (!isRefusalOfEvents(error)) throw toPublishError(error);
    for (const event of events) await publishAlone(event);
  }
}

async function publishAlone(event: Publishable): Promise<void> {
  try {
    await triggerPusherEvents([toPush(event)]);
  } catch (error) {
    if (!isRefusalOfEvents(error)) throw toPublishError(error);
    logger().error(
      { consultationId: event.consultationId, seq: event.seq, type: event.type, status: error.status },
      "event refused by Pusher, published as a hint",
    );
    await triggerPusherEvents([toPush(event, { asHint: true })]).catch((cause: unknown) => {
      throw toPublishError(cause);
    });
  }
}

/** A push that nobody can hear, to see whether the provider takes calls. Throws PublishError. */
export async function probePusher(): Promise<void> {
  await triggerPusherEvents([{ channel: "private-probe", name: "probe", data: "{}" }]).catch((error: unknown) => {
    throw toPublishError(error);
  });
}

/** The provider read the request and will never take it: malformed or too large. */
function isRefusalOfEvents(error: unknown): error is PusherError {
  return error instanceof PusherError && (error.status === 400 || error.status === 413);
}

function toPublishError(error: unknown): PublishError {
  const away = error instanceof PusherError && (error.status === null || error.status === 429 || error.status >= 500);
  const refused = error instanceof PusherError && !away && !isRefusalOfEvents(error);
  // A fault of our own in putting the call together concerns these events, not the provider.
  return new PublishError(away ? "away" : refused ? "refused" : "events", { cause: error });
}

function toPush(event: Publishable, { asHint = false } = {}): PusherEvent {
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
