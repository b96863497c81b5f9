import { Backoff, between, Cadence } from "./backoff";
import { classify, retryAfterMs } from "./failure";
import type { ApiFailure, Ports } from "./ports";
import { Timer } from "./timer";

/** A question not answered by then is asked again; its answer still counts. The network is slow until one comes sooner. */
const PATIENCE_MS = 2_500;
const SLOW_PATIENCE_MS = 12_000;
const OUTAGE = { steadyForMs: 60_000, hiddenMs: 1_500 };
const REFUSAL = { baseMs: 1_000, maxMs: 30_000 };
/** A server's wish is believed up to here; those who heard the same wish come back spread out. */
const MAX_WISH_MS = 60_000;
const WISH_SPREAD_MS = 500;
/** After a push that told what was not so: others are believed once, at the end of this. */
const DISTRUST_MS = 5_000;

/** What came back, not yet handled. */
export interface Answer {
  /** Handles it and says whether there is more to ask for right now. */
  take(): boolean;
  /** Nobody waits for it any more: what it brings is used, what it means for the next question is not. */
  takeLate(): void;
}

export interface InquiryOptions {
  readonly batch: (run: () => void) => void;
  /** Settles, within a time limit of the adapter, and never rejects. */
  readonly question: () => Promise<Answer>;
  /** Nothing is left to ask; `paused` if that is because the last question failed. */
  readonly onRest: (paused: boolean) => void;
}

/**
 * When a server is asked, whatever it is asked for. One question is awaited at a time and at most one more remembered
 * (RCV2). In a network that swallows packets an answer may never come while the next question finds a way: so it is
 * awaited for a while only, and used whenever it comes.
 *
 * A failed question is asked again by itself: steadily in an outage, which may be over at any moment, ever more rarely
 * after a refusal, and not before the time that the server named (Retry-After).
 */
export class Inquiry {
  readonly #ports: Ports;
  readonly #options: InquiryOptions;
  readonly #retryTimer: Timer;
  readonly #patience: Timer;
  /** Runs for as long as an answer shows that the network is not slow (any more). */
  readonly #promptly: Timer;
  readonly #cadence: Cadence;
  readonly #backoff: Backoff;
  #running = false;
  #questions = 0;
  /** The question whose answer decides what happens next. */
  #awaited: number | null = null;
  #again = false;
  #slow = false;
  /** Runs for as long as the server wished not to be asked: that is not ours to cut short. */
  readonly #wish: Timer;
  /** Runs for a while after a push that was wrong: anybody could send such ones, as many as they like (S9). */
  readonly #distrust: Timer;
  /** Pushes since the last question began are a reason for another. */
  #told = false;
  /** There was a reason to ask meanwhile: as soon as the wish is over, however long our own pause is. */
  #afterWish = false;
  /** Answers to what was asked before a stop belong to nobody. */
  #generation = 0;

  constructor(ports: Ports, options: InquiryOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#retryTimer = new Timer(ports.clock);
    this.#patience = new Timer(ports.clock);
    this.#promptly = new Timer(ports.clock);
    this.#wish = new Timer(ports.clock);
    this.#distrust = new Timer(ports.clock);
    this.#cadence = new Cadence(ports.random, ports.signals, OUTAGE);
    this.#backoff = new Backoff(ports.random, REFUSAL);
  }

  start(): void {
    this.#running = true;
  }

  stop(): void {
    this.#running = false;
    this.#generation += 1;
    this.#awaited = null;
    this.#again = false;
    this.#told = false;
    this.#retryTimer.clear();
    this.#patience.clear();
    this.#promptly.clear();
    this.#wish.clear();
    this.#distrust.clear();
  }

  /** There is a reason to ask: now, or once more after the question under way. */
  ask(): void {
    if (!this.#running) return;
    if (this.#awaited !== null) {
      this.#again = true;
      return;
    }
    if (this.#wish.armed) {
      this.#afterWish = true;
      return;
    }
    this.#retryTimer.clear();
    void this.#run();
  }

  /** A push, however many there are, is no reason to ask a server sooner that just failed. */
  askAsTold(): void {
    if (!this.#running || this.#retryTimer.armed) return;
    this.#told = true;
    if (this.#awaited === null && !this.#distrust.armed) this.ask();
  }

  /** The answer shows that what was pushed is not so. */
  distrust(): void {
    this.#distrust.armOnce(DISTRUST_MS, () => {
      if (this.#told && this.#awaited === null && !this.#retryTimer.armed) this.#askIfOnline();
    });
  }

  /** Nothing is known to be missed: a question under way is enough. */
  poll(): void {
    if (this.#awaited === null && !this.#retryTimer.armed) this.ask();
  }

  answered(): void {
    this.#cadence.reset();
    this.#backoff.reset();
  }

  /** What is definite stays so for a while; an outage may be over at any moment. */
  failed(failure: ApiFailure): void {
    const mayPass = classify(failure) === "transient" && failure.kind !== "unreadable";
    this.pause(mayPass ? this.#cadence.next() : this.#backoff.next(), retryAfterMs(failure));
  }

  pause(ownMs: number, wishMs = 0): void {
    this.#wish.clear();
    this.#afterWish = false;
    if (wishMs > 0) {
      const untilMs = Math.min(wishMs, MAX_WISH_MS) + between(this.#ports.random, 0, WISH_SPREAD_MS);
      this.#wish.arm(untilMs, () => {
        if (this.#afterWish) this.#askIfOnline();
      });
    }
    this.#retryTimer.arm(ownMs, () => this.#askIfOnline());
  }

  /** Offline there is nobody to ask; the signal that ends it asks. */
  #askIfOnline(): void {
    if (this.#ports.signals.online()) this.#options.batch(() => this.ask());
  }

  async #run(): Promise<void> {
    const generation = this.#generation;
    let goOn = true;
    while (goOn) {
      const question = this.#begin();
      const answer = await this.#options.question();
      if (generation !== this.#generation) return;
      this.#options.batch(() => {
        const late = question !== this.#awaited;
        if (late) {
          this.#slow = true;
          answer.takeLate();
        }
        goOn = !late && this.#take(answer);
      });
    }
  }

  #begin(): number {
    this.#questions += 1;
    this.#awaited = this.#questions;
    this.#again = false;
    this.#told = false;
    this.#promptly.arm(PATIENCE_MS, () => undefined);
    this.#patience.arm(this.#slow ? SLOW_PATIENCE_MS : PATIENCE_MS, () => {
      this.#awaited = null;
      this.pause(this.#cadence.next());
    });
    return this.#awaited;
  }

  #take(answer: Answer): boolean {
    this.#patience.clear();
    if (this.#promptly.armed) this.#slow = false;
    const more = answer.take();
    const paused = this.#retryTimer.armed;
    const told = this.#told && !this.#distrust.armed;
    if (!paused && (more || this.#again || told)) return true;
    this.#awaited = null;
    this.#options.onRest(paused);
    return false;
  }
}
