import {
  apply,
  type Conversation,
  type Input,
  keepNewest,
  mergePosition,
  type Outcome,
  openConversation,
} from "@/lib/core/conversation";
import type { ErrorCode } from "@/lib/protocol/errors";
import type { Event } from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import type { EventsPage, Snapshot } from "@/lib/protocol/snapshot";
import { between } from "./backoff";
import { classify, codeOf } from "./failure";
import { type Answer, Inquiry } from "./inquiry";
import type { ApiFailure, Ports } from "./ports";
import { Timer } from "./timer";

const GAP_HOLD_MS = 400;
const EVENTS_PAGE = 200;
/** Further behind than this after a page, the newest messages are read first and the others when somebody looks for them. */
const FAR_BEHIND = 800;
const OLDER_PAGE = 50;
/** As many messages as a first page has. */
const KEPT_AT_REST = 50;
const MAX_WAITING = 500;
const MAX_RESETS_IN_A_ROW = 3;
const MAX_PAGE_READINGS = 3;
const GIVEN_UP = { lowMs: 15_000, highMs: 30_000 };

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
  /** `conversation` is gone, and stays so unless somebody lets us in again. */
  readonly onLeft: () => void;
}

type EventsAnswer = Exclude<EventsPage, { reset: true }>;

/**
 * The receiving half of the engine. `ingest` is the one door: answers to commands, pushes, polls and gap fetches all
 * come through it, so it does not matter which of them is first, or whether one of them comes at all.
 *
 * What is asked for is a page of the log from our seq, or a snapshot when there is nothing yet or what is here cannot be
 * continued; when it is asked is the inquiry's.
 *
 * An event that cannot be applied yet waits, keyed by its seq, and goes through the same door once the ones before it
 * did. One that is exactly next never waits: a hanging request must not hold up a push that is in order.
 */
export class EventFeed {
  readonly #ports: Ports;
  readonly #options: EventFeedOptions;
  readonly #gapTimer: Timer;
  readonly #inquiry: Inquiry;
  readonly #waiting = new Map<number, Event>();
  readonly #waitingPositions = new Map<string, { epoch: string; position: Position }>();
  #conversation: Conversation | null = null;
  #running = false;
  /** Up to where hints said that our history goes, since the last question began. */
  #hinted = 0;
  /** Something was pushed meanwhile that is no event of our history. */
  #rumour = false;
  /** Why everything is to be read afresh: our history is not the server's, or it is too long a way to walk. */
  #reload: "history" | "distance" | null = null;
  #resets = 0;
  #failure: FeedFailure | null = null;
  #reachable = true;
  #loadingOlder: Promise<void> | null = null;
  /** We take no part, as far as we know: what still arrives was meant for somebody who did. */
  #left = false;
  /** An answer to what was asked before we left says nothing about now. */
  #departures = 0;
  /** Answers to what was asked before a stop belong to nobody. */
  #generation = 0;

  constructor(ports: Ports, options: EventFeedOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#gapTimer = new Timer(ports.clock);
    this.#inquiry = new Inquiry(ports, {
      batch: options.batch,
      question: () => {
        const known = this.#conversation;
        return this.#reload || !known ? this.#load() : this.#fetchPage(known);
      },
      onRest: (paused) => {
        if (!paused) options.onCaughtUp();
      },
    });
  }

  get conversation(): Conversation | null {
    return this.#conversation;
  }

  get failure(): FeedFailure | null {
    return this.#failure;
  }

  /** It is none of ours (any more), as far as we know. */
  get left(): boolean {
    return this.#left;
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
    this.#return();
  }

  /** While nobody looks: what is shown first on the way back is enough. */
  keepNewest(): void {
    if (this.#running || !this.#conversation) return;
    this.#conversation = keepNewest(this.#conversation, KEPT_AT_REST);
  }

  start(): void {
    this.#running = true;
    this.#inquiry.start();
    if (!this.#conversation) this.catchUp();
  }

  stop(): void {
    this.#running = false;
    this.#generation += 1;
    this.#inquiry.stop();
    this.#loadingOlder = null;
    this.#gapTimer.clear();
    this.#waiting.clear();
    this.#waitingPositions.clear();
  }

  /** The one door. */
  ingest(event: Event): void {
    if (this.#left || event.consultationId !== this.#options.consultationId) return;
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
        // A late push of a history that was left, or the first of a new one: the answer will tell (RCV4).
        this.#askWhetherTrue();
        break;
      default:
        break;
    }
  }

  ingestPositions(positions: readonly Position[], epoch: string): void {
    if (this.#left) return;
    if (epoch === this.#conversation?.epoch) this.#apply({ type: "positions", positions });
    else this.#waitPositions(positions, epoch);
  }

  /** A push told of an event without carrying it. */
  ingestHint(seq: number, epoch: string): void {
    const known = this.#conversation;
    if (known && epoch === known.epoch) {
      if (seq <= known.seq) return;
      this.#hinted = Math.max(this.#hinted, seq);
      this.#inquiry.askAsTold();
    } else {
      this.#askWhetherTrue();
    }
  }

  /** Something was pushed that this client cannot read: the log may say it in words that it can. */
  ingestUnreadable(): void {
    this.#askWhetherTrue();
  }

  /** Fetches what came after our seq, or everything when there is nothing yet. Safe to call at any time. */
  catchUp(): void {
    this.#inquiry.ask();
  }

  /** Nothing is known to be missed. */
  poll(): void {
    this.#inquiry.poll();
  }

  /** UI4, ATK102: nothing of it stays here, and nothing that was already on its way comes in. */
  leave(): void {
    this.#left = true;
    this.#departures += 1;
    this.#failure = "not-found";
    this.#conversation = null;
    this.#reload = null;
    this.#gapTimer.clear();
    this.#waiting.clear();
    this.#waitingPositions.clear();
    this.#options.onLeft();
  }

  /** One page, of `limit` messages unless one is on its way already. */
  loadOlder(limit = OLDER_PAGE): Promise<void> {
    const conversation = this.#conversation;
    const before = conversation?.messages[0]?.seq;
    if (!this.#running || !conversation?.hasMore || before === undefined) return Promise.resolve();
    // One page after the other: a later page is at least as new as the one before it, which RCV6 relies on.
    this.#loadingOlder ??= this.#loadPage(before, limit);
    return this.#loadingOlder;
  }

  async #loadPage(before: number, limit: number): Promise<void> {
    const generation = this.#generation;
    const { api } = this.#ports;
    for (let reading = 1, goOn = true; goOn; reading += 1) {
      const result = await api.readMessages(this.#options.consultationId, { before, limit });
      if (generation !== this.#generation) return;
      this.#options.batch(() => {
        const outcome = result.ok ? this.#apply({ type: "older-page", before, page: result.value }) : "ignored";
        goOn = outcome === "overtaken" && reading < MAX_PAGE_READINGS;
        if (!goOn) this.#loadingOlder = null;
        if (outcome === "other-history") this.#inquiry.askAsTold();
      });
    }
  }

  async #load(): Promise<Answer> {
    const departures = this.#departures;
    // A snapshot says what is so, whatever was told before.
    this.#takeTold();
    const result = await this.#ports.api.readSnapshot(this.#options.consultationId);
    return {
      take: () => {
        if (!result.ok) return this.#failed(result.failure);
        if (departures !== this.#departures) return true;
        this.#return();
        this.#succeeded();
        this.#takeSnapshot(result.value);
        return false;
      },
      takeLate: () => {
        if (!result.ok || departures !== this.#departures) return;
        this.#return();
        this.#succeeded();
        if (!this.#conversation) this.#takeSnapshot(result.value);
      },
    };
  }

  async #fetchPage({ seq: after, at: afterAt, epoch }: Conversation): Promise<Answer> {
    const departures = this.#departures;
    const told = this.#takeTold();
    const query = { after, afterAt, epoch, limit: EVENTS_PAGE };
    const result = await this.#ports.api.readEvents(this.#options.consultationId, query);
    return {
      take: () => {
        if (!result.ok) {
          // RCV4: the log speaks a version we do not know; a snapshot is the only other thing to try.
          return result.failure.kind === "unreadable" ? this.#resetOrGiveUp() : this.#failed(result.failure);
        }
        if (departures !== this.#departures) return true;
        const page = result.value;
        // Against what was asked, not against where pushes have brought us since: a page may be older than they are.
        if ("reset" in page || page.epoch !== epoch || page.headSeq < after) return this.#resetOrGiveUp();
        this.#judge(told, page);
        this.#takePage(page);
        // It told that we left: the server may know more of it.
        if (departures !== this.#departures) return true;
        this.#apply({ type: "push-state", push: page.push });
        const reached = this.#conversation?.seq ?? 0;
        if (reached < page.headSeq && reached === after) return this.#resetOrGiveUp();
        this.#resets = 0;
        this.#waitingPositions.clear();
        this.#succeeded();
        if (page.headSeq - reached > FAR_BEHIND) this.#reload = "distance";
        return reached < page.headSeq;
      },
      takeLate: () => {
        if (!result.ok || "reset" in result.value || departures !== this.#departures) return;
        const page = result.value;
        if (!this.#reload && page.epoch === this.#conversation?.epoch) {
          this.#takePage(page);
          // Good news this old may be outdated by bad; bad news only costs a question too many.
          if (page.push === "delayed") this.#apply({ type: "push-state", push: page.push });
        }
        this.#succeeded();
      },
    };
  }

  #askWhetherTrue(): void {
    this.#rumour = true;
    this.#inquiry.askAsTold();
  }

  /** What pushes told until now, for the answer to be held against. */
  #takeTold(): { upTo: number; rumour: boolean } {
    const told = { upTo: Math.max(this.#hinted, ...this.#waiting.keys()), rumour: this.#rumour };
    this.#hinted = 0;
    this.#rumour = false;
    return told;
  }

  /**
   * S9: what is pushed was committed before, so an answer that does not reach what was told before it was asked shows
   * that it never was. What waits for that would hold its gap, and ask, for ever.
   */
  #judge({ upTo, rumour }: { upTo: number; rumour: boolean }, { headSeq, events }: EventsAnswer): void {
    if (upTo <= headSeq && !(rumour && events.length === 0)) return;
    for (const seq of this.#waiting.keys()) {
      if (seq > headSeq && seq <= upTo) this.#waiting.delete(seq);
    }
    this.#inquiry.distrust();
  }

  #takePage(page: EventsAnswer): void {
    this.#apply({ type: "events", events: page.events });
    this.#apply({ type: "positions", positions: page.positions });
    this.#drain();
  }

  #takeSnapshot(snapshot: Snapshot): void {
    const known = this.#conversation;
    const reason = this.#reload;
    this.#reload = null;
    if (known && known.epoch === snapshot.epoch && known.seq >= snapshot.headSeq) {
      // Pushes went on while it was on its way. Only a server that contradicted us may take back what is shown, and
      // then the log is asked what came after.
      if (reason !== "history") return;
      if (known.seq > snapshot.headSeq) this.#inquiry.ask();
    }
    this.#apply({ type: "snapshot", snapshot });
    for (const { epoch, position } of this.#waitingPositions.values()) {
      if (epoch === snapshot.epoch) this.#apply({ type: "positions", positions: [position] });
    }
    this.#waitingPositions.clear();
    this.#drain();
  }

  /** RCV4: the first-load path again, but not for ever: a server that keeps contradicting itself is an error. */
  #resetOrGiveUp(): boolean {
    this.#resets += 1;
    this.#waiting.clear();
    this.#gapTimer.clear();
    if (this.#resets < MAX_RESETS_IN_A_ROW) {
      this.#reload = "history";
      return true;
    }
    this.#resets = 0;
    this.#reload = null;
    this.#failure = "out-of-sync";
    this.#inquiry.pause(between(this.#ports.random, GIVEN_UP.lowMs, GIVEN_UP.highMs));
    return false;
  }

  #failed(failure: ApiFailure): false {
    const kind = classify(failure);
    if (kind === "definite" && codeOf(failure) === "not-found") this.leave();
    this.#reachable = kind !== "transient" || failure.kind === "unreadable";
    if (kind !== "transient") {
      this.#failure = codeOf(failure);
    } else if (failure.kind === "unreadable") {
      // The snapshot itself: only a newer bundle can read it.
      this.#failure = "out-of-sync";
    }
    this.#inquiry.failed(failure);
    return false;
  }

  #return(): void {
    if (!this.#left) return;
    this.#left = false;
    this.#failure = null;
  }

  #succeeded(): void {
    this.#failure = null;
    this.#reachable = true;
    this.#inquiry.answered();
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
    this.#askWhetherTrue();
  }

  /** RCV7: before the first load, and of a history that is not here yet; the next answer makes them superfluous. */
  #waitPositions(positions: readonly Position[], epoch: string): void {
    for (const position of positions) {
      const known = this.#waitingPositions.get(position.userId);
      const merged = known?.epoch === epoch ? mergePosition(known.position, position) : position;
      this.#waitingPositions.set(position.userId, { epoch, position: merged });
    }
    if (this.#conversation) this.#askWhetherTrue();
  }

  #drain(): void {
    for (;;) {
      const conversation = this.#conversation;
      if (!conversation || this.#reload) return;
      const event = this.#waiting.get(conversation.seq + 1);
      if (!event) break;
      this.#waiting.delete(event.seq);
      if (this.#apply({ type: "event", event }) === "other-history") this.#inquiry.askAsTold();
    }
    this.#forgetApplied();
    // The hold belongs to the gap that began it; whatever still waits gets a hold of its own.
    this.#gapTimer.clear();
    if (this.#waiting.size > 0) this.#holdGap();
  }

  /** What waits from another history never becomes the next one: it would hold its gap, and ask, for ever. */
  #forgetApplied(): void {
    const conversation = this.#conversation;
    if (!conversation) return;
    let foreign = false;
    for (const [seq, event] of this.#waiting) {
      const isForeign = event.epoch !== conversation.epoch;
      if (seq <= conversation.seq || isForeign) this.#waiting.delete(seq);
      foreign ||= isForeign;
    }
    // It may be the newer one.
    if (foreign) this.#inquiry.askAsTold();
  }

  /** RCV1: what overtook the missing event is often followed by it at once; a fetch for each would be a storm. */
  #holdGap(): void {
    this.#gapTimer.armOnce(GAP_HOLD_MS, () => this.#options.batch(() => this.#inquiry.askAsTold()));
  }
}
