import type { PushState } from "@/lib/protocol/snapshot";
import { between } from "./backoff";
import { keepSubscribed } from "./channel-keeper";
import type { Cancel, ChannelHandlers, Ports } from "./ports";
import { Timer } from "./timer";

/** CON1, in words that say what works: "polling" still shows everything, some seconds later. */
export type ConnectionStatus = "connecting" | "live" | "polling" | "offline";

const PATIENCE_MS = 3_000;
const POLL_MS = 3_000;
/** "Delayed" often means "not yet again": whoever was just told so asks soon, so that live comes back within 2 s. */
const FIRST_POLLS_MS = [500, 1_000, 2_000];
const POLL_HIDDEN_MS = 15_000;
const HURRIED_POLL_MS = { low: 100, high: 300 };
/** Many may be refused at once. */
const ASK_WHY_MS = 500;
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
 *     live        socket connected, channel subscribed, and the server said since then that its pushes go out
 *     connecting  not live for less than 3 s (a hiccup is not worth a word)
 *     polling     not live for longer, or pushes delayed
 *     offline     the browser says that there is no network; nothing is asked until it says otherwise
 */
export class Connection {
  readonly #ports: Ports;
  readonly #options: ConnectionOptions;
  readonly #patience: Timer;
  readonly #next: Timer;
  readonly #afterRefusal: Timer;
  #stops: Cancel[] = [];
  #subscribed = false;
  /** The server answered since the subscription: what it said before an outage says nothing about now. */
  #answered = false;
  #patienceOver = false;
  #polls = 0;
  #hurried = false;
  #push: PushState = "ok";
  #status: ConnectionStatus = "connecting";

  constructor(ports: Ports, options: ConnectionOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#patience = new Timer(ports.clock);
    this.#next = new Timer(ports.clock);
    this.#afterRefusal = new Timer(ports.clock);
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  start(): void {
    const { transport, signals } = this.#ports;
    const { channel, events, batch } = this.#options;
    this.#stops = [
      transport.onState((state) => {
        batch(() => this.#update());
        if (state === "refused") this.#askWhy();
      }),
      signals.onChange((signal) => batch(() => this.#onSignal(signal))),
    ];
    if (channel !== null) {
      this.#stops.push(
        keepSubscribed(this.#ports, channel, {
          events: this.#overheard(events),
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
    this.#afterRefusal.clear();
    this.#subscribed = false;
    this.#answered = false;
    this.#patienceOver = false;
    this.#status = "connecting";
  }

  /** A connection is also ended because its user lost a right (UI4): what they may still see is to be asked now. */
  #askWhy(): void {
    const { random } = this.#ports;
    const { batch, onCatchUp } = this.#options;
    this.#afterRefusal.arm(between(random, 0, ASK_WHY_MS), () => batch(onCatchUp));
  }

  /** The server answered; what it said of its pushes was told before by `setPush`. */
  answered(): void {
    if (this.#answered || !this.#connected()) return;
    this.#answered = true;
    this.#update();
  }

  /** What the last answer of the server said about its own publishing. */
  setPush(push: PushState): void {
    if (push === this.#push) return;
    this.#push = push;
    this.#pollAnew();
    // What was published late may have come before we began to listen again.
    if (push === "ok" && this.#status === "live") this.#options.onCatchUp();
  }

  /** RCV2. On every success, not on "connected": what is published between the two would be lost. */
  #onSubscribed(): void {
    this.#subscribed = true;
    this.#answered = false;
    this.#pollAnew();
    this.#options.onCatchUp();
  }

  #onUnsubscribed(): void {
    this.#subscribed = false;
    this.#answered = false;
    this.#update();
  }

  /**
   * A push while they are delayed shows that some go out again. It proves nothing for the others (another server may
   * still be unable), but it is a reason to ask soon: once between two ordinary polls.
   */
  #overheard(events: ChannelHandlers["events"]): ChannelHandlers["events"] {
    const entries = Object.entries(events).map(([name, handle]): [string, typeof handle] => [
      name,
      (data, senderId) => {
        handle(data, senderId);
        this.#options.batch(() => this.#hurry());
      },
    ]);
    return Object.fromEntries(entries);
  }

  #hurry(): void {
    if (this.#status !== "polling" || this.#push !== "delayed" || this.#hurried) return;
    this.#hurried = true;
    const { random } = this.#ports;
    this.#next.arm(between(random, HURRIED_POLL_MS.low, HURRIED_POLL_MS.high), () =>
      this.#options.batch(() => {
        this.#options.onPoll();
        this.#schedule();
      }),
    );
  }

  #onSignal(signal: "online" | "offline" | "visible" | "hidden"): void {
    if (signal === "offline") this.#answered = false;
    this.#update();
    if (signal === "online" || signal === "visible") this.#options.onCatchUp();
    // The rhythm depends on visibility.
    this.#next.clear();
    this.#schedule();
  }

  #connected(): boolean {
    return this.#ports.transport.state() === "connected" && (this.#options.channel === null || this.#subscribed);
  }

  /** The pause that runs was chosen when less was known. */
  #pollAnew(): void {
    this.#polls = 0;
    this.#next.clear();
    this.#update();
  }

  /** Without a channel nothing is asked, and the socket alone decides. */
  #trusted(): boolean {
    return this.#connected() && (this.#options.channel === null || this.#answered);
  }

  #update(): void {
    const trusted = this.#trusted();
    if (trusted) {
      this.#patience.clear();
      this.#patienceOver = false;
    } else if (!this.#patienceOver) {
      this.#patience.armOnce(PATIENCE_MS, () => this.#options.batch(() => this.#losePatience()));
    }
    const status = this.#statusNow(trusted);
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

  #statusNow(trusted: boolean): ConnectionStatus {
    if (!this.#ports.signals.online()) return "offline";
    if (trusted) return this.#push === "delayed" ? "polling" : "live";
    return this.#patienceOver ? "polling" : "connecting";
  }

  #schedule(): void {
    const { signals, random } = this.#ports;
    const again = () =>
      this.#options.batch(() => {
        this.#polls += 1;
        this.#hurried = false;
        this.#options.onPoll();
        this.#schedule();
      });
    if (this.#status === "polling") {
      const interval = this.#pollInterval();
      if (!this.#next.armed) this.#next.arm(between(random, interval * 0.8, interval * 1.2), again);
    } else if (this.#status === "live" && this.#options.headCheck && signals.visible()) {
      if (!this.#next.armed) this.#next.arm(between(random, HEAD_CHECK_MS.low, HEAD_CHECK_MS.high), again);
    }
  }

  #pollInterval(): number {
    if (!this.#ports.signals.visible()) return POLL_HIDDEN_MS;
    return this.#connected() ? (FIRST_POLLS_MS[this.#polls] ?? POLL_MS) : POLL_MS;
  }
}
