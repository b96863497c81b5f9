import { CLOSE } from "./close-codes";
import type { Connection } from "./connection";
import { encodeFrame } from "./frames";
import type { Timings } from "./limits";

const PING = encodeFrame({ event: "pusher:ping", data: "{}" });

export interface HeartbeatOptions {
  timings: Timings;
  /** End connections that prove nothing in time, so that the public key alone does not keep sockets. */
  requireAuthorization: boolean;
}

/**
 * Finds the sockets whose other end is gone: one timer for all of them, since a dead TCP connection reports
 * nothing by itself. Returns the stop function.
 */
export function startHeartbeat(connections: ReadonlySet<Connection>, options: HeartbeatOptions): () => void {
  const { timings, requireAuthorization } = options;
  const shortest = Math.min(timings.activityTimeoutMs, timings.pongTimeoutMs, timings.authorizeWithinMs);
  const timer = setInterval(check, Math.min(1_000, Math.max(5, shortest / 4)));
  timer.unref();
  return () => clearInterval(timer);

  function check(): void {
    const now = performance.now();
    for (const connection of [...connections]) {
      if (requireAuthorization && !connection.authorized && now - connection.openedAt >= timings.authorizeWithinMs) {
        connection.close(CLOSE.notAuthorizedInTime);
      } else if (connection.pingSentAt !== null) {
        if (now - connection.pingSentAt >= timings.pongTimeoutMs) connection.close(CLOSE.pongNotReceived);
      } else if (now - connection.lastHeardAt >= timings.activityTimeoutMs) {
        connection.pingSentAt = now;
        connection.send(PING);
      }
    }
  }
}
