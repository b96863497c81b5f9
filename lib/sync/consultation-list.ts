import { mergeRow, type Rows, replaceRows } from "@/lib/core/list";
import { userChannel } from "@/lib/protocol/channels";
import type { ErrorCode } from "@/lib/protocol/errors";
import { type ConsultationRow, consultationUpdatedSchema } from "@/lib/protocol/snapshot";
import { Backoff } from "./backoff";
import { Connection, type ConnectionStatus } from "./connection";
import { classify, codeOf, retryAfterMs } from "./failure";
import type { Cancel, Ports } from "./ports";
import { Store } from "./store";
import { Timer } from "./timer";

export interface ConsultationListView {
  readonly rows: Rows | null;
  readonly status: ConnectionStatus;
  readonly failure: ErrorCode | null;
}

const RETRY = { baseMs: 1_000, maxMs: 30_000 };

/** My list of consultations: read again on every success of my own channel, rows merged between (RCV7). */
export class ConsultationList {
  readonly #ports: Ports;
  readonly #connection: Connection;
  readonly #store: Store<ConsultationListView>;
  readonly #retryTimer: Timer;
  readonly #backoff: Backoff;
  #rows: Rows | null = null;
  #pushedMeanwhile: ConsultationRow[] = [];
  #failure: ErrorCode | null = null;
  #running = false;
  #again = false;
  #fetching: Promise<void> | null = null;
  #generation = 0;

  constructor(ports: Ports, viewerId: string) {
    this.#ports = ports;
    this.#retryTimer = new Timer(ports.clock);
    this.#backoff = new Backoff(ports.random, RETRY);
    this.#connection = new Connection(ports, {
      channel: userChannel(viewerId),
      events: { "consultation-updated": (data) => this.#store.batch(() => this.#onUpdated(data)) },
      headCheck: false,
      batch: (run) => this.#store.batch(run),
      onCatchUp: () => void this.refresh(),
      onPoll: () => void this.#poll(),
    });
    this.#store = new Store(() => ({
      rows: this.#rows,
      status: this.#connection.status,
      failure: this.#failure,
    }));
  }

  get getSnapshot(): () => ConsultationListView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  /** Rows that somebody read for us (the server rendered them). A running list needs none. */
  offer(rows: Rows): void {
    if (this.#running) return;
    this.#store.batch(() => {
      this.#rows = rows;
    });
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#store.batch(() => {
      this.#connection.start();
      if (!this.#rows) void this.refresh();
    });
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#generation += 1;
    this.#fetching = null;
    this.#again = false;
    this.#retryTimer.clear();
    this.#store.batch(() => this.#connection.stop());
  }

  /** One reading at a time; one asked for meanwhile follows, because the one on its way may be too old. */
  readonly refresh = (): Promise<void> => {
    if (!this.#running) return Promise.resolve();
    if (this.#fetching) this.#again = true;
    this.#fetching ??= this.#fetch(this.#generation);
    return this.#fetching;
  };

  #poll(): void {
    // A refusal is asked about again by its backoff.
    if (!this.#fetching && this.#failure === null) void this.refresh();
  }

  async #fetch(generation: number): Promise<void> {
    let goOn = true;
    while (goOn) {
      this.#again = false;
      this.#pushedMeanwhile = [];
      this.#retryTimer.clear();
      const result = await this.#ports.api.listConsultations();
      if (generation !== this.#generation) return;
      this.#store.batch(() => {
        if (result.ok) {
          this.#backoff.reset();
          this.#failure = null;
          this.#rows = replaceRows(result.value.consultations, this.#pushedMeanwhile);
        } else {
          const kind = classify(result.failure);
          if (kind !== "transient" || !this.#rows) this.#failure = codeOf(result.failure);
          const delay = Math.max(this.#backoff.next(), retryAfterMs(result.failure));
          this.#retryTimer.arm(delay, () => void this.refresh());
        }
        goOn = result.ok && this.#again;
        if (!goOn) this.#fetching = null;
      });
    }
  }

  /** A push without the row in it (ids only, or a version we do not know) says as much as: read again. */
  #onUpdated(data: unknown): void {
    const update = consultationUpdatedSchema.safeParse(data);
    if (!update.success) return void this.refresh();
    const { consultation } = update.data;
    if (this.#fetching) this.#pushedMeanwhile.push(consultation);
    if (this.#rows) this.#rows = mergeRow(this.#rows, consultation);
  }
}
