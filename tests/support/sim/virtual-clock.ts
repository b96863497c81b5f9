import type { Cancel, Clock } from "@/lib/sync/ports";

interface Entry {
  at: number;
  order: number;
  run: () => void;
}

/** Time that stands still until a test moves it. Timers due at the same moment run in the order they were set. */
export class VirtualClock implements Clock {
  now = 0;
  #entries: Entry[] = [];
  #order = 0;

  get pending(): number {
    return this.#entries.length;
  }

  after(ms: number, run: () => void): Cancel {
    this.#order += 1;
    const entry = { at: this.now + Math.max(0, ms), order: this.#order, run };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** A promise that resolves at that time: latency. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Moves time on, running what falls due, and lets every promise settle before the next timer. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settled();
      const next = this.#entries
        .filter((entry) => entry.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)
        .at(0);
      if (!next) break;
      this.#entries = this.#entries.filter((entry) => entry !== next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

/** Resolves when no promise can make progress without a timer. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
