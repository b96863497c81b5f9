/** Why a connection ends. 4000-4099: do not come back; 4100-4199: come back later; 4200-4299: come back at once. */
export interface CloseReason {
  code: number;
  message: string;
}

export const CLOSE = {
  unknownKey: { code: 4001, message: "Could not find an app by that key" },
  pathNotFound: { code: 4005, message: "Path not found" },
  invalidVersion: { code: 4006, message: "Invalid version string format" },
  unsupportedProtocol: { code: 4007, message: "Unsupported protocol version" },
  noProtocol: { code: 4008, message: "No protocol version supplied" },
  unauthorized: { code: 4009, message: "Connection is unauthorized" },
  notAuthorizedInTime: { code: 4009, message: "Connection not authorized within timeout" },
  terminated: { code: 4009, message: "Connection terminated by the app" },
  overQuota: { code: 4004, message: "Application is over its connection quota" },
  tooManyMessages: { code: 4100, message: "Too many messages" },
  // Not 4200: the official client would come back at once, find nobody and then wait 15 s before its next attempt.
  serverClosing: { code: 4100, message: "Server is closing" },
  pongNotReceived: { code: 4201, message: "Pong reply not received" },
} as const satisfies Record<string, CloseReason>;

/** Code of the `pusher:error` that answers a refused client event; the connection stays. */
export const CLIENT_EVENT_RATE_EXCEEDED = 4301;
