import { Backoff } from "@/lib/sync/backoff";
import type { Cancel } from "@/lib/sync/ports";
import { browserClock, browserRandom } from "./clock";

/** Whoever waits longer than this for a part is told. */
const PATIENCE_MS = 2_000;

/** One for each that has waited so long. */
const waits = new Set<symbol>();
const watchers = new Set<() => void>();

/** Somebody waits for a part that does not come. */
export const awaitedParts = {
  getSnapshot: (): boolean => waits.size > 0,
  subscribe: (changed: () => void): Cancel => {
    watchers.add(changed);
    return () => watchers.delete(changed);
  },
};

function tellWatchers(): void {
  for (const changed of watchers) changed();
}

/**
 * A part of the program that comes after the page: at rest, so that it is here when it is needed and without a
 * connection too, or as soon as somebody needs it. An answer that fails takes nothing away: it is asked for again.
 */
export class LaterPart<T> {
  readonly #load: () => Promise<T>;
  readonly #backoff = new Backoff(browserRandom, { baseMs: 500, maxMs: 5_000 });
  readonly #listeners = new Set<() => void>();
  #part: T | null = null;
  #asked = false;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  readonly getSnapshot = (): T | null => this.#part;

  readonly subscribe = (changed: () => void): Cancel => {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  };

  fetch(): void {
    if (this.#asked || this.#part !== null) return;
    this.#asked = true;
    void this.#try();
  }

  /** It came with the page. */
  give(part: T): void {
    if (this.#part !== null) return;
    this.#part = part;
    for (const changed of this.#listeners) changed();
  }

  /** Somebody needs it now, and is told where that takes long. */
  await(): Cancel {
    this.fetch();
    const wait = Symbol();
    const stop = browserClock.after(PATIENCE_MS, () => {
      waits.add(wait);
      tellWatchers();
    });
    return () => {
      stop();
      if (waits.delete(wait)) tellWatchers();
    };
  }

  whenHere(): Promise<T> {
    this.fetch();
    return new Promise((resolve) => {
      const look = () => {
        if (this.#part === null) return;
        stop();
        resolve(this.#part);
      };
      const stop = this.subscribe(look);
      look();
    });
  }

  async #try(): Promise<void> {
    try {
      this.give(await this.#load());
    } catch {
      browserClock.after(this.#backoff.next(), () => void this.#try());
    }
  }
}
