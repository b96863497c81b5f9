import type { App } from "./app";
import { CLIENT_EVENT_RATE_EXCEEDED } from "./close-codes";
import type { Connection } from "./connection";
import { encodeError, encodeFrame, type Frame, type InboundMessage } from "./frames";
import { channelKind, isClientEvent } from "./names";

/**
 * An event from one client to the others in a private or presence channel. The sender's name on a presence channel
 * is the server's word: whatever else the message claims is not passed on.
 */
export function relayClientEvent(app: App, connection: Connection, message: InboundMessage): Frame | null {
  const { event, channel, data } = message;
  if (!isClientEvent(event)) return encodeError(null, "Unknown event: the names of client events begin with client-");
  if (typeof channel !== "string") return encodeError(null, "Client event rejected - no channel");
  const refusal = refuse(app, connection, event, channel, data);
  if (refusal !== null) return encodeError(null, `Client event rejected - ${refusal}`);
  if (!connection.clientEvents.accept(performance.now())) {
    const limit = app.limits.clientEventsPerSecond;
    return encodeError(CLIENT_EVENT_RATE_EXCEEDED, `Client event rejected - more than ${limit} a second`);
  }
  const member = app.channels.memberOf(connection, channel);
  const sender = member ? { user_id: member.userId } : {};
  app.channels.publish(channel, encodeFrame({ event, channel, data, ...sender }), connection.id);
  app.webhooks.clientEvent({
    channel,
    event,
    data: typeof data === "string" ? data : JSON.stringify(data),
    socket_id: connection.id,
    ...sender,
  });
  return null;
}

function refuse(app: App, connection: Connection, event: string, channel: string, data: unknown): string | null {
  const { limits } = app;
  const kind = channelKind(channel);
  if (kind === "public") return "only supported on private and presence channels";
  if (kind === "private-encrypted") return "not supported on encrypted channels";
  if (!connection.channels.has(channel)) return "not subscribed to the channel";
  if (event.length > limits.eventNameLength) return `name longer than ${limits.eventNameLength} characters`;
  const size = Buffer.byteLength(typeof data === "string" ? data : (JSON.stringify(data) ?? ""));
  return size > limits.eventDataBytes ? `data larger than ${limits.eventDataBytes} bytes` : null;
}
