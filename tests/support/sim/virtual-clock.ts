import type { Cancel, Clock } from "@/lib/sync/ports";

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

interface VirtualClockOptions {
  /**
   * Resolves when no promise can make progress without a timer. By default that includes what a renderer schedules
   * (macrotasks); a simulation that has nothing but promises settles far faster with `microtasksSettled`.
   */
  readonly settled?: () => Promise<void>;
}

/** Time that stands still until a test moves it. Timers due at the same moment run in the order they were set. */
export class VirtualClock implements Clock {
  now = 0;
  /** Called after every timer and all that it set going. */
  onStep: () => void = () => {};
  readonly #heap: Entry[] = [];
  readonly #settled: () => Promise<void>;
  #order = 0;
  #cancelled = 0;

  constructor({ settled = macrotasksSettled }: VirtualClockOptions = {}) {
    this.#settled = settled;
  }

  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  after(ms: number, run: () => void): Cancel {
    this.#order += 1;
    const entry: Entry = { at: this.now + Math.max(0, ms), order: this.#order, run, cancelled: false };
    this.#push(entry);
    return () => {
      if (entry.cancelled) return;
      entry.cancelled = true;
      this.#cancelled += 1;
    };
  }

  /** A promise that resolves at that time: latency. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Moves time on, running what falls due, and lets every promise settle before the next timer. */
  async advance(ms: number): Promise<void> {
    await this.advanceUntil(ms, () => false);
  }

  /** As `advance`, but stops as soon as `reached` says so after a step. */
  async advanceUntil(ms: number, reached: () => boolean): Promise<boolean> {
    const end = this.now + ms;
    for (;;) {
      await this.#settled();
      this.onStep();
      if (reached()) return true;
      const next = this.#takeDue(end);
      if (!next) break;
      this.now = next.at;
      // Ended by running, as by a cancel: cancelling it afterwards changes nothing.
      next.cancelled = true;
      next.run();
    }
    this.now = end;
    return false;
  }

  #takeDue(end: number): Entry | null {
    for (;;) {
      const top = this.#heap[0];
      if (!top || (!top.cancelled && top.at > end)) return null;
      this.#pop();
      if (!top.cancelled) return top;
      this.#cancelled -= 1;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || before(above, entry)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const child = right && left && before(right, left) ? right : left;
      if (!child || before(last, child)) break;
      heap[index] = child;
      index = child === left ? 2 * index + 1 : 2 * index + 2;
    }
    heap[index] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}

function macrotasksSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Node runs a tick only once no microtask is left, so nothing made of promises alone can still move. */
export function microtasksSettled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
