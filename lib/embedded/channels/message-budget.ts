import type { MessageRate } from "./limits";

const BYTES_PER_POINT = 2_048;

/** A bucket of what a socket may still say: a flood empties it at once, and it fills again slowly. */
export class MessageBudget {
  #spent = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** False when a message of this size, at `now` (milliseconds of a monotonic clock), is one too many. */
  spend(bytes: number, now: number, { atOnce, perSecond }: MessageRate): boolean {
    this.#spent = Math.max(0, this.#spent - ((now - this.#at) / 1_000) * perSecond);
    this.#at = now;
    this.#spent += 1 + Math.floor(bytes / BYTES_PER_POINT);
    return this.#spent <= atOnce;
  }
}
