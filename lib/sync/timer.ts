import type { Cancel, Clock } from "./ports";

/** One slot for one pending timer, so that nothing can run twice or after its owner was stopped. */
export class Timer {
  #cancel: Cancel | null = null;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get armed(): boolean {
    return this.#cancel !== null;
  }

  /** Replaces what was pending. */
  arm(ms: number, run: () => void): void {
    this.clear();
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = null;
      run();
    });
  }

  /** Keeps what is pending: the first call decides when. */
  armOnce(ms: number, run: () => void): void {
    if (!this.armed) this.arm(ms, run);
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
