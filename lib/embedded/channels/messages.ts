import type { App } from "./app";
import { relayClientEvent } from "./client-events";
import type { Connection } from "./connection";
import { decodeMessage, encodeError, encodeFrame, type Frame } from "./frames";
import { signIn } from "./sign-in";
import { subscribe, unsubscribe } from "./subscriptions";

const PONG = encodeFrame({ event: "pusher:pong", data: "{}" });

/** What one message from a client is answered with; null = nothing. */
export function handleMessage(app: App, connection: Connection, payload: Buffer, isBinary: boolean): Frame | null {
  if (isBinary) return encodeError(null, "Binary messages are not supported");
  const message = decodeMessage(payload.toString());
  if (typeof message === "string") return encodeError(null, message);
  switch (message.event) {
    case "pusher:ping":
      return PONG;
    case "pusher:pong":
      return null;
    case "pusher:subscribe":
      return subscribe(app, connection, message);
    case "pusher:unsubscribe":
      return unsubscribe(app, connection, message);
    case "pusher:signin":
      return signIn(app, connection, message);
    default:
      return relayClientEvent(app, connection, message);
  }
}
