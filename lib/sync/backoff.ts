import type { Random, Signals } from "./ports";

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

export interface CadenceOptions {
  /** For this long an outage is news: it is asked about steadily while somebody looks. */
  readonly steadyForMs: number;
  /** The longest first pause while nobody looks. */
  readonly hiddenMs: number;
}

const STEADY_MS = 1_500;
const MAX_VISIBLE_MS = 5_000;
const MAX_HIDDEN_MS = 30_000;

/**
 * How often what failed is tried again. While somebody looks the pauses are 0.5-1.5 s, so that a screen is right again
 * within 2 s of the end of an outage (UI2), and grow slowly to 5 s in a long one; while nobody looks they grow to 30 s.
 * Drawn from a range three times as long as its beginning, so that many clients spread out (CON4). Somebody who comes
 * back begins anew.
 */
export class Cadence {
  readonly #random: Random;
  readonly #signals: Pick<Signals, "visible">;
  readonly #options: CadenceOptions;
  #waitedMs = 0;
  #visible = true;

  constructor(random: Random, signals: Pick<Signals, "visible">, options: CadenceOptions) {
    this.#random = random;
    this.#signals = signals;
    this.#options = options;
  }

  next(): number {
    const visible = this.#signals.visible();
    if (visible && !this.#visible) this.reset();
    this.#visible = visible;
    const ceiling = visible ? this.#visibleCeiling() : this.#hiddenCeiling();
    const delay = between(this.#random, ceiling / 3, ceiling);
    this.#waitedMs += delay;
    return delay;
  }

  reset(): void {
    this.#waitedMs = 0;
  }

  #visibleCeiling(): number {
    const grown = STEADY_MS * Math.max(1, this.#waitedMs / this.#options.steadyForMs);
    return Math.min(MAX_VISIBLE_MS, grown);
  }

  #hiddenCeiling(): number {
    return Math.min(MAX_HIDDEN_MS, Math.max(this.#options.hiddenMs, this.#waitedMs));
  }
}

export function between(random: Random, lowMs: number, highMs: number): number {
  return Math.round(lowMs + random.next() * (highMs - lowMs));
}
