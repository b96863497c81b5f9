import { randomInt } from "node:crypto";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Member } from "./channel-registry";
import type { CloseReason } from "./close-codes";
import { encodeError, encodeProtocolFrame, type Frame } from "./frames";
import type { Limits, Timings } from "./limits";
import { MessageBudget } from "./message-budget";
import { RateWindow } from "./rate-window";

/**
 * A socket that tells when the closing begins, whoever begins it: by the peer's close frame, an error, or us. "close" comes
 * only when TCP has ended, and a peer can leave that open.
 */
export class ChannelsSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.emit("closing");
    super.close(code, reason);
  }
}

/** "digits.digits", 60 bits: also not guessable, since channel authorisations are bound to it. */
export function createSocketId(): string {
  return `${randomInt(1, 2 ** 30)}.${randomInt(1, 2 ** 30)}`;
}

/** One accepted socket: what it may still be sent, when it was last heard, whom it belongs to. */
export class Connection {
  readonly openedAt = performance.now();
  readonly clientEvents: RateWindow;
  readonly messages = new MessageBudget();
  /** Names of the channels this socket is in; kept by the channel registry. */
  readonly channels = new Set<string>();
  /** Set by `pusher:signin`: who it is, and what the other members of presence channels are told of them. */
  user: Member | null = null;
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

  /** False from the moment either side began to end it: nothing it still says counts. */
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
    this.socket.close(reason.code, reason.message);
  }

  /** Ends it like any other, and reads nothing more of what still comes. */
  cutOff(reason: CloseReason): void {
    this.close(reason);
    this.socket.pause();
  }

  /** It is out of its channels, whoever ended it. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.onLeave(this);
  }
}

/** Ends TCP too, soon after either side began to close: a peer need not answer, nor read what still waits for it. */
export function cutWhenClosing(stream: Duplex, socket: ChannelsSocket, graceMs: number): void {
  const closing = () => {
    const cut = setTimeout(() => socket.terminate(), graceMs);
    cut.unref();
    socket.once("close", () => clearTimeout(cut));
  };
  socket.once("closing", closing);
  stream.once("end", closing);
}
