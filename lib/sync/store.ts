import type { Cancel } from "./ports";

/**
 * What React subscribes to. A snapshot keeps its identity until something shown changed, and however much one input
 * changes, listeners hear of it once (one batch, one notify).
 */
export class Store<View extends object> {
  readonly #read: () => View;
  readonly #listeners = new Set<() => void>();
  #view: View;
  #depth = 0;

  constructor(read: () => View) {
    this.#read = read;
    this.#view = read();
  }

  readonly getSnapshot = (): View => this.#view;

  readonly subscribe = (listener: () => void): Cancel => {
    // An own function each time: the same listener may subscribe twice and leave once.
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  };

  /** Every entry from outside (answer, push, timer, call) runs in here. */
  batch<T>(run: () => T): T {
    this.#depth += 1;
    try {
      return run();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#publish();
    }
  }

  #publish(): void {
    const view = this.#read();
    if (shallowEqual(view, this.#view)) return;
    this.#view = view;
    for (const listener of [...this.#listeners]) listener();
  }
}

function shallowEqual<T extends object>(a: T, b: T): boolean {
  const keys = Object.keys(a) as (keyof T)[];
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}
