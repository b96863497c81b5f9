/** At most `limit` events in any second, exactly: remembers when the last `limit` accepted ones happened. */
export class RateWindow {
  readonly #accepted: number[];
  #next = 0;

  constructor(limit: number) {
    this.#accepted = new Array<number>(limit).fill(Number.NEGATIVE_INFINITY);
  }

  /** True when one more fits at `now` (milliseconds of a monotonic clock); only then it counts. */
  accept(now: number): boolean {
    const oldest = this.#accepted[this.#next];
    if (oldest === undefined || now - oldest < 1_000) return false;
    this.#accepted[this.#next] = now;
    this.#next = (this.#next + 1) % this.#accepted.length;
    return true;
  }
}
