import type { PushState } from "@/lib/protocol/snapshot";
import { between } from "./backoff";
import { keepSubscribed } from "./channel-keeper";
import type { Cancel, ChannelHandlers, Ports } from "./ports";
import { Timer } from "./timer";

/** CON1, in words that say what works: "polling" still shows everything, some seconds later. */
export type ConnectionStatus = "connecting" | "live" | "polling" | "offline";

const PATIENCE_MS = 3_000;
const POLL_MS = 3_000;
const POLL_HIDDEN_MS = 15_000;
const HEAD_CHECK_MS = { low: 20_000, high: 27_000 };

export interface ConnectionOptions {
  /** The channel that makes this connection live; without one the socket alone decides. */
  readonly channel: string | null;
  readonly events: ChannelHandlers["events"];
  /** Something may have been missed: ask the server now. */
  readonly onCatchUp: () => void;
  /** Nothing is known to be missed; ask anyway. */
  readonly onPoll: () => void;
  /** Ask now and then while live too, because nothing ever shows that the last push was lost. */
  readonly headCheck: boolean;
  /** Wraps whatever comes from outside. */
  readonly batch: (run: () => void) => void;
}

/**
 * Connection state machine of one consultation (or one list): from socket, channel, signals and the server's own
 * "delayed" it makes the public status and the rhythm in which the server is asked.
 *
 *     live        socket connected and channel subscribed, pushes not delayed
 *     connecting  not live for less than 3 s (a hiccup is not worth a word)
 *     polling     not live for longer, or pushes delayed
 *     offline     the browser says that there is no network; nothing is asked until it says otherwise
 */
export class Connection {
  readonly #ports: Ports;
  readonly #options: ConnectionOptions;
  readonly #patience: Timer;
  readonly #next: Timer;
  #stops: Cancel[] = [];
  #subscribed = false;
  #patienceOver = false;
  #push: PushState = "ok";
  #status: ConnectionStatus = "connecting";

  constructor(ports: Ports, options: ConnectionOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#patience = new Timer(ports.clock);
    this.#next = new Timer(ports.clock);
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  start(): void {
    const { transport, signals } = this.#ports;
    const { channel, events, batch } = this.#options;
    this.#stops = [
      transport.onState(() => batch(() => this.#update())),
      signals.onChange((signal) => batch(() => this.#onSignal(signal))),
    ];
    if (channel !== null) {
      this.#stops.push(
        keepSubscribed(this.#ports, channel, {
          events,
          onSubscribed: () => batch(() => this.#onSubscribed()),
          onRefused: () => batch(() => this.#onUnsubscribed()),
          onLost: () => batch(() => this.#onUnsubscribed()),
        }),
      );
    }
    this.#update();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#patience.clear();
    this.#next.clear();
    this.#subscribed = false;
    this.#patienceOver = false;
    this.#status = "connecting";
  }

  /** What the last answer of the server said about its own publishing. */
  setPush(push: PushState): void {
    if (push === this.#push) return;
    this.#push = push;
    this.#update();
    // What was published late may have come before we began to listen again.
    if (push === "ok" && this.#status === "live") this.#options.onCatchUp();
  }

  /** RCV2. On every success, not on "connected": what is published between the two would be lost. */
  #onSubscribed(): void {
    this.#subscribed = true;
    this.#update();
    this.#options.onCatchUp();
  }

  #onUnsubscribed(): void {
    this.#subscribed = false;
    this.#update();
  }

  #onSignal(signal: "online" | "offline" | "visible" | "hidden"): void {
    this.#update();
    if (signal === "online" || signal === "visible") this.#options.onCatchUp();
    // The rhythm depends on visibility.
    this.#next.clear();
    this.#schedule();
  }

  #connected(): boolean {
    return this.#ports.transport.state() === "connected" && (this.#options.channel === null || this.#subscribed);
  }

  #update(): void {
    const connected = this.#connected();
    if (connected) {
      this.#patience.clear();
      this.#patienceOver = false;
    } else if (!this.#patienceOver) {
      this.#patience.armOnce(PATIENCE_MS, () => this.#options.batch(() => this.#losePatience()));
    }
    const status = this.#statusNow(connected);
    if (status !== this.#status) {
      this.#status = status;
      this.#next.clear();
    }
    this.#schedule();
  }

  #losePatience(): void {
    this.#patienceOver = true;
    this.#update();
    if (this.#status === "polling") this.#options.onPoll();
  }

  #statusNow(connected: boolean): ConnectionStatus {
    if (!this.#ports.signals.online()) return "offline";
    if (connected) return this.#push === "delayed" ? "polling" : "live";
    return this.#patienceOver ? "polling" : "connecting";
  }

  #schedule(): void {
    const { signals, random } = this.#ports;
    const again = () =>
      this.#options.batch(() => {
        this.#options.onPoll();
        this.#schedule();
      });
    if (this.#status === "polling") {
      const interval = signals.visible() ? POLL_MS : POLL_HIDDEN_MS;
      if (!this.#next.armed) this.#next.arm(between(random, interval * 0.8, interval * 1.2), again);
    } else if (this.#status === "live" && this.#options.headCheck && signals.visible()) {
      if (!this.#next.armed) this.#next.arm(between(random, HEAD_CHECK_MS.low, HEAD_CHECK_MS.high), again);
    }
  }
}
