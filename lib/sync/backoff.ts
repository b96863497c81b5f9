import type { Random } from "./ports";

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Grows by doubling up to a maximum; each delay is drawn from the upper half, so that many clients spread out. */
export class Backoff {
  #failures = 0;
  readonly #random: Random;
  readonly #options: BackoffOptions;

  constructor(random: Random, options: BackoffOptions) {
    this.#random = random;
    this.#options = options;
  }

  next(): number {
    const ceiling = Math.min(this.#options.maxMs, this.#options.baseMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return between(this.#random, ceiling / 2, ceiling);
  }

  reset(): void {
    this.#failures = 0;
  }
}

export function between(random: Random, lowMs: number, highMs: number): number {
  return Math.round(lowMs + random.next() * (highMs - lowMs));
}
