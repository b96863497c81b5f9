import { randomInt } from "node:crypto";
import type { WebSocket } from "ws";
import type { CloseReason } from "./close-codes";
import { encodeError, encodeProtocolFrame, type Frame } from "./frames";
import type { Limits, Timings } from "./limits";
import { RateWindow } from "./rate-window";

/** "digits.digits", 60 bits: also not guessable, since channel authorisations are bound to it. */
export function createSocketId(): string {
  return `${randomInt(1, 2 ** 30)}.${randomInt(1, 2 ** 30)}`;
}

/** One accepted socket: what it may still be sent, when it was last heard, whom it belongs to. */
export class Connection {
  readonly openedAt = performance.now();
  readonly clientEvents: RateWindow;
  /** Names of the channels this socket is in; kept by the channel registry. */
  readonly channels = new Set<string>();
  /** Set by `pusher:signin`. */
  userId: string | null = null;
  /** Has proved that the app knows it: signed in or let into a private channel. */
  authorized = false;
  lastHeardAt = performance.now();
  pingSentAt: number | null = null;
  #leaving = false;

  constructor(
    readonly id: string,
    readonly socket: WebSocket,
    private readonly limits: Limits,
    private readonly timings: Timings,
    private readonly onLeave: (connection: Connection) => void,
  ) {
    this.clientEvents = new RateWindow(limits.clientEventsPerSecond);
  }

  /** False from the moment the server decided to end it: nothing it still says counts. */
  get live(): boolean {
    return !this.#leaving;
  }

  establish(): void {
    const activityTimeout = Math.max(1, Math.round(this.timings.activityTimeoutMs / 1_000));
    this.send(
      encodeProtocolFrame("pusher:connection_established", { socket_id: this.id, activity_timeout: activityTimeout }),
    );
  }

  send(frame: Frame): void {
    if (this.#leaving || this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount + frame.length > this.limits.bufferedBytes) {
      // A close frame would wait behind everything unread. The rooms are left in the "close" event that
      // follows, not here: this runs inside broadcasts, whose order for the others must not change.
      this.socket.terminate();
      return;
    }
    this.socket.send(frame, { binary: false });
  }

  heard(now: number): void {
    this.lastHeardAt = now;
    this.pingSentAt = null;
  }

  /** Ends it at once for everybody else; the peer has a moment to answer the close frame. */
  close(reason: CloseReason): void {
    if (this.#leaving) return;
    this.send(encodeError(reason.code, reason.message));
    this.leave();
    closeSocket(this.socket, reason, this.timings.closeGraceMs);
  }

  /** The socket is gone, whoever ended it. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.onLeave(this);
  }
}

/** Sends the close frame and cuts the TCP connection if the peer does not answer it. */
export function closeSocket(socket: WebSocket, reason: CloseReason, graceMs: number): void {
  socket.close(reason.code, reason.message);
  const cut = setTimeout(() => socket.terminate(), graceMs);
  cut.unref();
  socket.once("close", () => clearTimeout(cut));
}
