import type { Position } from "@/lib/protocol/position";
import { Backoff } from "./backoff";
import { classify, retryAfterMs } from "./failure";
import type { Ports } from "./ports";
import { Timer } from "./timer";

const DELIVERED_DEBOUNCE_MS = 1_000;
const READ_DEBOUNCE_MS = 300;
const RETRY = { baseMs: 1_000, maxMs: 15_000 };

export interface ReceiptsOptions {
  readonly consultationId: string;
  readonly batch: (run: () => void) => void;
  readonly onPosition: (position: Position) => void;
}

/**
 * Tells the server how far I have received and read. Both are maxima: only the furthest is ever worth sending, a lost
 * one is made good by the next, and read implies delivered.
 */
export class Receipts {
  readonly #ports: Ports;
  readonly #options: ReceiptsOptions;
  readonly #timer: Timer;
  readonly #backoff: Backoff;
  #delivered = 0;
  #read = 0;
  /** What the server is known to have. */
  #recordedDelivered = 0;
  #recordedRead = 0;
  #busy = false;
  #dueForRead = false;
  /** Marks made meanwhile wait for the retry instead of hurrying it. */
  #backingOff = false;
  #generation = 0;

  constructor(ports: Ports, options: ReceiptsOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#timer = new Timer(ports.clock);
    this.#backoff = new Backoff(ports.random, RETRY);
  }

  /** An answer still to come belongs to nobody: it must not arm anything again. */
  stop(): void {
    this.#generation += 1;
    this.#busy = false;
    this.#timer.clear();
    this.#dueForRead = false;
    this.#backingOff = false;
  }

  /** The server's word on my own position: from another device perhaps. */
  know(position: Position): void {
    this.#recordedDelivered = Math.max(this.#recordedDelivered, position.deliveredUpToSeq);
    this.#recordedRead = Math.max(this.#recordedRead, position.readUpToSeq);
  }

  /** Another history began: numbers of the old one mean nothing in it. */
  reset(): void {
    this.stop();
    this.#delivered = this.#read = this.#recordedDelivered = this.#recordedRead = 0;
  }

  markDelivered(uptoSeq: number): void {
    this.#delivered = Math.max(this.#delivered, uptoSeq);
    if (this.#dueDelivered() && !this.#backingOff) this.#timer.armOnce(DELIVERED_DEBOUNCE_MS, () => this.#flush());
  }

  markRead(uptoSeq: number): void {
    this.#read = Math.max(this.#read, uptoSeq);
    if (this.#read <= this.#recordedRead || this.#dueForRead || this.#backingOff) return;
    this.#dueForRead = true;
    this.#timer.arm(READ_DEBOUNCE_MS, () => this.#flush());
  }

  #dueDelivered(): boolean {
    return Math.max(this.#delivered, this.#read) > this.#recordedDelivered;
  }

  #flush(): void {
    this.#dueForRead = false;
    this.#backingOff = false;
    if (this.#busy) return;
    const read = this.#read > this.#recordedRead ? this.#read : undefined;
    const delivered = this.#delivered > Math.max(this.#recordedDelivered, read ?? 0) ? this.#delivered : undefined;
    if (read !== undefined || delivered !== undefined) void this.#record(delivered, read);
  }

  async #record(deliveredUpToSeq: number | undefined, readUpToSeq: number | undefined): Promise<void> {
    const generation = this.#generation;
    this.#busy = true;
    const receipt = {
      ...(deliveredUpToSeq === undefined ? {} : { deliveredUpToSeq }),
      ...(readUpToSeq === undefined ? {} : { readUpToSeq }),
    };
    const result = await this.#ports.api.recordReceipt(this.#options.consultationId, receipt);
    if (generation !== this.#generation) return;
    this.#options.batch(() => {
      this.#busy = false;
      if (result.ok) {
        this.#backoff.reset();
        this.#recordedDelivered = Math.max(this.#recordedDelivered, deliveredUpToSeq ?? 0, readUpToSeq ?? 0);
        this.#recordedRead = Math.max(this.#recordedRead, readUpToSeq ?? 0);
        this.know(result.value.position);
        this.#options.onPosition(result.value.position);
        if (this.#read > this.#recordedRead || this.#dueDelivered()) {
          this.#timer.armOnce(READ_DEBOUNCE_MS, () => this.#flush());
        }
      } else if (classify(result.failure) !== "definite") {
        const delay = Math.max(this.#backoff.next(), retryAfterMs(result.failure));
        this.#backingOff = true;
        this.#dueForRead = false;
        this.#timer.arm(delay, () => this.#flush());
      }
    });
  }
}
