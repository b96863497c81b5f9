import { consultationChannel } from "@/lib/protocol/channels";
import type { CommandAnswer } from "@/lib/protocol/commands";
import type { Event } from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import type { PushState } from "@/lib/protocol/snapshot";
import { noticePushes } from "@/lib/server/notices/notice-pushes";
import type { Publication, Publishable, RelayPorts } from "@/lib/server/relay/ports";
import { createRelay, type Relay } from "@/lib/server/relay/relay";
import type { ApiResult } from "@/lib/sync/ports";
import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import { CONSULTATION_ID, type Publishing, type ServerModel } from "@/tests/support/sim/server-model";
import type { VirtualClock } from "@/tests/support/sim/virtual-clock";
import type { Faults } from "./faults";
import type { CrashPoint } from "./plan";
import type { Provider } from "./provider";

/** The database was away, or its answer was lost: what was asked of it may or may not have happened. */
export class DatabaseAway extends Error {}

/** What the world watches at the relays. */
export interface RelayWatch {
  onAdvance(seq: number): void;
  /** Word to the other processes through the database. */
  onNotify(from: AppServer, consultationId: string, unheld: boolean): void;
}

const GATHER_MS = 120;
const MAX_DATA_BYTES = 9_000;
const DUE_EVERY_MS = 1_000;

interface Appended {
  readonly event: Event;
  readonly publishing: Publishing;
}

/**
 * One process of the app: answers calls and runs the real relay over the model of the database. It may die at any of
 * its waits; then nothing that it had begun goes on, except what the database or the provider already had in hand.
 */
export class AppServer {
  readonly index: number;
  relay: Relay | null = null;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #faults: Faults;
  readonly #model: ServerModel;
  readonly #provider: Provider;
  readonly #watch: RelayWatch;
  #life = 0;
  #owners = 0;
  #doomed: CrashPoint | null = null;
  #downFor = 0;
  #telling = false;
  #noticed: number[] = [];
  readonly #readers = new Set<string>();
  readonly #timers = new Set<() => void>();
  /** Told when the process dies: calls in flight break. */
  readonly #onDeath = new Set<() => void>();

  constructor(options: {
    index: number;
    clock: VirtualClock;
    random: SeededRandom;
    faults: Faults;
    model: ServerModel;
    provider: Provider;
    watch: RelayWatch;
  }) {
    this.index = options.index;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#faults = options.faults;
    this.#model = options.model;
    this.#provider = options.provider;
    this.#watch = options.watch;
  }

  /** Under which this life of it stands in the database. */
  get owner(): string {
    return `relay-${this.index}-${this.#owners}`;
  }

  get up(): boolean {
    return this.relay !== null;
  }

  start(): void {
    if (this.relay) return;
    this.#life += 1;
    this.#doomed = null;
    this.relay = createRelay(this.#relayPorts(this.#life));
    this.relay.start();
    this.#telling = false;
    this.#completeDue(this.#life);
  }

  /** A clean end, for the end of the world. */
  async stop(): Promise<void> {
    await this.relay?.stop();
    this.relay = null;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Dies at the next time it comes by this point. */
  doom(point: CrashPoint, downFor: number): void {
    this.#downFor = downFor;
    if (point === "now") this.#die();
    else this.#doomed = point;
  }

  /** Whatever was to come: it runs from now on. */
  save(): void {
    this.#doomed = null;
    this.start();
  }

  /** Breaks when the process dies. Cancelled by the answer. */
  onDeath(run: () => void): () => void {
    this.#onDeath.add(run);
    return () => this.#onDeath.delete(run);
  }

  /** As lib/server/relay/push-state.ts. */
  withPushState<T extends { push: PushState }>(answer: T): T {
    return this.relay?.pushState() === "delayed" ? { ...answer, push: "delayed" } : answer;
  }

  /** One statement of a request. Resolves never if the process dies; throws DatabaseAway. */
  async query<T>(run: () => T): Promise<T> {
    const life = this.#life;
    this.#pass("before-commit");
    const value = await this.#statement(life, run);
    this.#pass("after-commit");
    return this.#alive(life, value);
  }

  /** A command inside of `query`: its answer and what it appended, as they were at that moment. */
  append(command: (relay: string | null) => ApiResult<CommandAnswer>) {
    const model = this.#model;
    let appended: Appended | null = null;
    const { onCommit } = model;
    model.onCommit = (event, publishing) => {
      appended = structuredClone({ event, publishing });
    };
    const result = structuredClone(command(this.relay?.leaseOwner() ?? null));
    model.onCommit = onCommit;
    return { result, appended: appended as Appended | null };
  }

  /** After the commit, as lib/server/relay/process-relay.ts. */
  publishAppended(appended: Appended | null): void {
    if (!appended) return;
    const { event, publishing } = appended;
    this.relay?.publishAppended(event, publishing.fence, { hintsOnly: publishing.hintsOnly });
    if (publishing.fence !== null || this.relay?.holds(event.consultationId)) return;
    this.#watch.onNotify(this, event.consultationId, publishing.unheld);
  }

  /** As lib/server/relay/publish-position.ts: a courtesy. Whoever read further hears of their own row on all devices. */
  publishPosition(position: Position, read: boolean): void {
    const name = read ? "message-read" : "message-delivered";
    const data = { v: 1, consultationId: CONSULTATION_ID, epoch: this.#model.epoch, position };
    this.#provider.trigger([{ channel: consultationChannel(CONSULTATION_ID), name, data }]).catch(() => undefined);
    if (read) this.#noticeSoon([], position.userId);
  }

  /** As lib/server/notices/notices.ts: gathered for a moment, read, and pushed to people's own channels as a courtesy. */
  #noticeSoon(seqs: readonly number[], reader: string | null = null): void {
    for (const seq of seqs) this.#noticed.push(seq);
    if (reader !== null) this.#readers.add(reader);
    if (this.#telling) return;
    this.#telling = true;
    this.#later(this.#life, GATHER_MS, () => {
      this.#telling = false;
      const published = this.#noticed.splice(0);
      const readers = [...this.#readers];
      this.#readers.clear();
      void this.#notice(published, readers);
    });
  }

  async #notice(published: readonly number[], readers: readonly string[]): Promise<void> {
    const life = this.#life;
    const [first, last] = published.length > 0 ? [Math.min(...published), Math.max(...published)] : [null, null];
    try {
      const notices = await this.#statementOf(life, () =>
        structuredClone(this.#model.noticesOf(first, last, published.length > 0, readers)),
      );
      const pushes = noticePushes(notices, { idsOnly: false, maxDataBytes: MAX_DATA_BYTES });
      await this.#settle(
        life,
        this.#provider.trigger(pushes.map(({ data, ...push }) => ({ ...push, data: JSON.parse(data) }))),
      );
    } catch {
      // Lists are read again now and then anyway.
    }
  }

  /** As the relay's timer: an announced end that is due comes by itself. */
  #completeDue(life: number): void {
    this.#later(life, DUE_EVERY_MS + this.#random.below(200), () => {
      this.#completeDue(life);
      if (this.#model.closesAt === null) return;
      const complete = (relay: string | null): ApiResult<CommandAnswer> => {
        return { ok: true, value: { event: this.#model.completeDue(relay) } };
      };
      this.query(() => this.append(complete)).then(
        ({ appended }) => this.publishAppended(appended),
        () => undefined,
      );
    });
  }

  #later(life: number, ms: number, run: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      if (life === this.#life && this.relay) run();
    });
    this.#timers.add(cancel);
  }

  #relayPorts(life: number): RelayPorts {
    this.#owners += 1;
    const model = this.#model;
    return {
      lease: {
        claim: (owner, most, held) => this.#statementOf(life, () => model.claim(owner, most, held)),
        advance: async (publication: Publication, seq: number) => {
          this.#pass("before-advance");
          const answer = await this.#statementOf(life, () => {
            const result = model.advance(publication.fence, seq);
            if (result.outcome === "ok") this.#watch.onAdvance(seq);
            return result;
          });
          this.#pass("after-advance");
          return this.#alive(life, answer);
        },
        postpone: (publication) => this.#statementOf(life, () => model.postpone(publication.fence)),
        revive: () => this.#statementOf(life, () => model.revive()),
      },
      publish: async (events) => {
        this.#pass("before-publish");
        if (life !== this.#life || !this.relay) return never();
        await this.#settle(life, this.#provider.trigger(events.map(toPush)));
        this.#pass("after-publish");
        if (life === this.#life) this.#noticeSoon(events.map(({ seq }) => seq));
        return this.#alive(life, undefined);
      },
      probe: () => this.#settle(life, this.#provider.trigger([])),
      clock: {
        now: () => this.#clock.now,
        after: (ms, run) => {
          const cancel = this.#clock.after(ms, () => {
            this.#timers.delete(cancel);
            if (life === this.#life) run();
          });
          this.#timers.add(cancel);
          return () => {
            this.#timers.delete(cancel);
            cancel();
          };
        },
      },
      random: this.#random,
      owner: this.owner,
      report: () => undefined,
    };
  }

  #statementOf<T>(life: number, run: () => T): Promise<T> {
    if (life !== this.#life || !this.relay) return never();
    return this.#settle(life, this.#statement(life, run));
  }

  /** There and back. What has reached the database happens, whoever is left to hear of it. */
  async #statement<T>(life: number, run: () => T): Promise<T> {
    await this.#clock.sleep(1 + this.#random.below(6));
    if (this.#faults.on("database-down")) {
      this.#faults.count("database-down");
      throw new DatabaseAway();
    }
    const flaky = this.#faults.strikes("database-flaky", null, this.#random);
    if (flaky && this.#random.chance(0.5)) throw new DatabaseAway();
    const value = run();
    await this.#clock.sleep(1 + this.#random.below(4));
    if (flaky) throw new DatabaseAway();
    return life === this.#life ? value : never();
  }

  #settle<T>(life: number, work: Promise<T>): Promise<T> {
    return work.then(
      (value) => this.#alive(life, value),
      (error: unknown) => {
        if (life !== this.#life) return never<T>();
        throw error;
      },
    );
  }

  #alive<T>(life: number, value: T): Promise<T> | T {
    return life === this.#life && this.relay ? value : never<T>();
  }

  #pass(point: CrashPoint): void {
    if (this.#doomed !== point) return;
    this.#faults.count(`crash-${point}`);
    this.#die();
  }

  #die(): void {
    this.#doomed = null;
    if (!this.relay) return;
    this.#life += 1;
    this.relay = null;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    for (const run of [...this.#onDeath]) run();
    this.#onDeath.clear();
    this.#clock.after(this.#downFor, () => this.start());
  }
}

function toPush(event: Publishable) {
  return { channel: consultationChannel(event.consultationId), name: event.type, data: event };
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
