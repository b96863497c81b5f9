import { apply, type Conversation, type Input, type Outcome, openConversation } from "@/lib/core/conversation";
import type { ErrorCode } from "@/lib/protocol/errors";
import type { Event } from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import type { EventsPage, Snapshot } from "@/lib/protocol/snapshot";
import { Backoff } from "./backoff";
import { classify, codeOf, retryAfterMs } from "./failure";
import type { ApiFailure, Ports } from "./ports";
import { Timer } from "./timer";

const GAP_HOLD_MS = 400;
const EVENTS_PAGE = 200;
const OLDER_PAGE = 50;
const MAX_WAITING = 500;
const MAX_RESETS_IN_A_ROW = 3;
const RETRY = { baseMs: 1_000, maxMs: 30_000 };

/** Why nothing can be shown or renewed: the server's word, or that starting over did not help either. */
export type FeedFailure = ErrorCode | "out-of-sync";

export interface EventFeedOptions {
  readonly consultationId: string;
  /** Wraps whatever comes from outside, so that one input is one notification. */
  readonly batch: (run: () => void) => void;
  /** After every change of `conversation`. */
  readonly onChange: (before: Conversation | null, after: Conversation) => void;
  /** The server answered, so we are signed in and it can be reached. */
  readonly onAnswer: () => void;
  /** Everything that was in the log when `catchUp` was last called is here. */
  readonly onCaughtUp: () => void;
}

type EventsAnswer = Exclude<EventsPage, { reset: true }>;

/**
 * The receiving half of the engine. `ingest` is the one door: answers to commands, pushes, polls and gap fetches all
 * come through it, so it does not matter which of them is first, or whether one of them comes at all.
 *
 * One request runs at a time, a catch-up from our seq or a first load (a snapshot); at most one more is remembered
 * (RCV2). An event that cannot be applied yet waits, keyed by its seq, and goes through the same door once the ones
 * before it did. One that is exactly next never waits: a hanging request must not hold up a push that is in order.
 */
export class EventFeed {
  readonly #ports: Ports;
  readonly #options: EventFeedOptions;
  readonly #gapTimer: Timer;
  readonly #retryTimer: Timer;
  readonly #backoff: Backoff;
  readonly #waiting = new Map<number, Event>();
  #waitingPositions: Position[] = [];
  #conversation: Conversation | null = null;
  #running = false;
  #busy = false;
  #again = false;
  #reload = false;
  #resets = 0;
  #failure: FeedFailure | null = null;
  #reachable = true;
  #loadingOlder: Promise<void> | null = null;
  /** Answers to what was asked before a stop belong to nobody. */
  #generation = 0;

  constructor(ports: Ports, options: EventFeedOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#gapTimer = new Timer(ports.clock);
    this.#retryTimer = new Timer(ports.clock);
    this.#backoff = new Backoff(ports.random, RETRY);
  }

  get conversation(): Conversation | null {
    return this.#conversation;
  }

  get failure(): FeedFailure | null {
    return this.#failure;
  }

  /** Whether the last question was answered at all: without that polling brings nothing either. */
  get reachable(): boolean {
    return this.#reachable;
  }

  get loadingOlder(): boolean {
    return this.#loadingOlder !== null;
  }

  /** Before a start only. Taken unless what is here is as new. */
  offer(snapshot: Snapshot): void {
    if (snapshot.consultation.id !== this.#options.consultationId) return;
    const known = this.#conversation;
    if (known && known.epoch === snapshot.epoch && known.seq >= snapshot.headSeq) return;
    this.#conversation = openConversation(snapshot);
  }

  start(): void {
    this.#running = true;
    if (!this.#conversation) this.catchUp();
  }

  stop(): void {
    this.#running = false;
    this.#generation += 1;
    this.#busy = false;
    this.#again = false;
    this.#loadingOlder = null;
    this.#gapTimer.clear();
    this.#retryTimer.clear();
    this.#waiting.clear();
    this.#waitingPositions = [];
  }

  /** The one door. */
  ingest(event: Event): void {
    if (event.consultationId !== this.#options.consultationId) return;
    const outcome = this.#conversation ? this.#apply({ type: "event", event }) : "first-load";
    switch (outcome) {
      case "applied":
        this.#drain();
        break;
      case "gap":
        this.#wait(event);
        this.#holdGap();
        break;
      case "first-load":
        this.#wait(event);
        break;
      case "other-history":
        this.#startOver();
        break;
      case "ignored":
        break;
    }
  }

  ingestPositions(positions: readonly Position[], epoch: string): void {
    if (!this.#conversation) {
      this.#waitingPositions = mergeLatest(this.#waitingPositions, positions);
    } else if (epoch === this.#conversation.epoch) {
      this.#apply({ type: "positions", positions });
    }
  }

  /** A push told of an event without carrying it. */
  ingestHint(seq: number, epoch: string): void {
    if (!this.#conversation || epoch !== this.#conversation.epoch || seq > this.#conversation.seq) this.catchUp();
  }

  /** Fetches what came after our seq, or everything when there is nothing yet. Safe to call at any time. */
  catchUp(): void {
    if (!this.#running) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    if (this.#failure === "out-of-sync") this.#resets = 0;
    this.#retryTimer.clear();
    void this.#run();
  }

  /** Nothing is known to be missed: a request under way is enough, and a refusal is asked about again by its backoff. */
  poll(): void {
    if (!this.#busy && this.#failure === null) this.catchUp();
  }

  loadOlder(): Promise<void> {
    const conversation = this.#conversation;
    const before = conversation?.messages[0]?.seq;
    if (!this.#running || !conversation?.hasMore || before === undefined) return Promise.resolve();
    // One page after the other: a later page is at least as new as the one before it, which RCV6 relies on.
    this.#loadingOlder ??= this.#loadPage(before);
    return this.#loadingOlder;
  }

  async #loadPage(before: number): Promise<void> {
    const generation = this.#generation;
    const { api } = this.#ports;
    const result = await api.readMessages(this.#options.consultationId, { before, limit: OLDER_PAGE });
    if (generation !== this.#generation) return;
    this.#options.batch(() => {
      this.#loadingOlder = null;
      if (!result.ok) return;
      const outcome = this.#apply({ type: "older-page", before, page: result.value });
      if (outcome === "other-history") this.#startOver();
    });
  }

  async #run(): Promise<void> {
    const generation = this.#generation;
    this.#busy = true;
    let goOn = true;
    while (goOn) {
      this.#again = false;
      const step = this.#reload || !this.#conversation ? await this.#load() : await this.#fetchPage(this.#conversation);
      if (generation !== this.#generation) return;
      this.#options.batch(() => {
        goOn = step();
        if (goOn) return;
        this.#busy = false;
        if (this.#failure === null && this.#reachable) this.#options.onCaughtUp();
      });
    }
  }

  /** Asks; the returned step handles the answer and says whether there is more to ask for right now. */
  async #load(): Promise<() => boolean> {
    const result = await this.#ports.api.readSnapshot(this.#options.consultationId);
    return () => {
      if (!result.ok) return this.#failed(result.failure);
      this.#succeeded();
      this.#reload = false;
      this.#apply({ type: "snapshot", snapshot: result.value });
      this.#apply({ type: "positions", positions: this.#waitingPositions });
      this.#waitingPositions = [];
      this.#drain();
      return this.#again || this.#reload;
    };
  }

  async #fetchPage({ seq: after, at: afterAt, epoch }: Conversation): Promise<() => boolean> {
    const query = { after, afterAt, epoch, limit: EVENTS_PAGE };
    const result = await this.#ports.api.readEvents(this.#options.consultationId, query);
    return () => {
      if (!result.ok) {
        // RCV4: the log speaks a version we do not know; a snapshot is the only other thing to try.
        return result.failure.kind === "unreadable" ? this.#resetOrGiveUp() : this.#failed(result.failure);
      }
      if (this.#reload) return true;
      const page = result.value;
      // Against what was asked, not against where pushes have brought us since: a page may be older than they are.
      if ("reset" in page || page.epoch !== epoch || page.headSeq < after) return this.#resetOrGiveUp();
      this.#takePage(page);
      const reached = this.#conversation?.seq ?? 0;
      if (this.#reload) return true;
      if (reached < page.headSeq && reached === after) return this.#resetOrGiveUp();
      this.#resets = 0;
      this.#succeeded();
      return reached < page.headSeq || this.#again;
    };
  }

  #takePage(page: EventsAnswer): void {
    for (const event of page.events) this.ingest(event);
    if (this.#reload) return;
    this.#apply({ type: "positions", positions: page.positions });
    this.#apply({ type: "push-state", push: page.push });
    this.#drain();
  }

  /** RCV4 outside of a request: another history showed itself in a push, an answer or an older page. */
  #startOver(): void {
    if (this.#reload) return;
    const goOn = this.#resetOrGiveUp();
    if (goOn) this.catchUp();
  }

  /** RCV4: the first-load path again, but not for ever: a server that keeps contradicting itself is an error. */
  #resetOrGiveUp(): boolean {
    this.#resets += 1;
    this.#waiting.clear();
    this.#gapTimer.clear();
    this.#reload = this.#resets < MAX_RESETS_IN_A_ROW;
    if (!this.#reload) this.#failure = "out-of-sync";
    return this.#reload;
  }

  #failed(failure: ApiFailure): false {
    const kind = classify(failure);
    this.#reachable = kind !== "transient" || failure.kind === "unreadable";
    if (kind !== "transient") {
      this.#failure = codeOf(failure);
    } else if (failure.kind === "unreadable") {
      // The snapshot itself: only a newer bundle can read it.
      this.#failure = "out-of-sync";
    }
    const delay = Math.max(this.#backoff.next(), retryAfterMs(failure));
    this.#retryTimer.arm(delay, () => this.#options.batch(() => this.catchUp()));
    return false;
  }

  #succeeded(): void {
    this.#failure = null;
    this.#reachable = true;
    this.#backoff.reset();
    this.#options.onAnswer();
  }

  #apply(input: Input): Outcome {
    const before = this.#conversation;
    if (input.type === "snapshot" && !before) {
      this.#conversation = openConversation(input.snapshot);
      this.#options.onChange(null, this.#conversation);
      return "applied";
    }
    if (!before) return "ignored";
    const { state, outcome } = apply(before, input);
    this.#conversation = state;
    if (state !== before) this.#options.onChange(before, state);
    return outcome;
  }

  /** RCV3: bounded. When it overflows nothing in it is worth keeping: the log has all of it. */
  #wait(event: Event): void {
    this.#waiting.set(event.seq, event);
    if (this.#waiting.size <= MAX_WAITING) return;
    this.#waiting.clear();
    this.catchUp();
  }

  #drain(): void {
    for (;;) {
      const conversation = this.#conversation;
      if (!conversation || this.#reload) return;
      for (const seq of this.#waiting.keys()) if (seq <= conversation.seq) this.#waiting.delete(seq);
      const event = this.#waiting.get(conversation.seq + 1);
      if (!event) break;
      this.#waiting.delete(event.seq);
      if (this.#apply({ type: "event", event }) === "other-history") {
        this.#startOver();
        return;
      }
    }
    // The hold belongs to the gap that began it; whatever still waits gets a hold of its own.
    this.#gapTimer.clear();
    if (this.#waiting.size > 0) this.#holdGap();
  }

  /** RCV1: what overtook the missing event is often followed by it at once; a fetch for each would be a storm. */
  #holdGap(): void {
    this.#gapTimer.armOnce(GAP_HOLD_MS, () => this.#options.batch(() => this.catchUp()));
  }
}

function mergeLatest(known: readonly Position[], incoming: readonly Position[]): Position[] {
  const byUser = new Map(known.map((position) => [position.userId, position]));
  for (const position of incoming) byUser.set(position.userId, position);
  return [...byUser.values()];
}
