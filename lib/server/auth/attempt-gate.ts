import "server-only";
import { AppError } from "@/lib/server/app-error";

const MAX_KEYS = 100_000;

interface Tally {
  failures: number;
  running: number;
  resetAt: number;
  waiting: (() => void)[];
}

/**
 * Counts failed attempts by key in a fixed window. Attempts that are still running count as possible failures:
 * once the rest of the allowance is running, the next one waits for their outcome, so that parallel guesses
 * cannot slip past the limit and parallel successes are not refused.
 */
export class AttemptGate {
  readonly #tallies = new Map<string, Tally>();

  constructor(
    readonly limit: number,
    readonly windowMs: number,
    readonly now: () => number = Date.now,
  ) {}

  /** Waits for a place, then answers how to report the outcome. Throws AppError: rate-limited. */
  async enter(key: string): Promise<(failed: boolean) => void> {
    for (;;) {
      const tally = this.#tally(key);
      if (tally.failures >= this.limit) {
        const seconds = Math.max(1, Math.ceil((tally.resetAt - this.now()) / 1_000));
        throw new AppError("rate-limited", { retryAfterSeconds: seconds });
      }
      if (tally.failures + tally.running < this.limit) {
        tally.running += 1;
        return (failed) => this.#leave(key, tally, failed);
      }
      await new Promise<void>((resolve) => tally.waiting.push(resolve));
    }
  }

  #leave(key: string, tally: Tally, failed: boolean): void {
    tally.running -= 1;
    if (failed) tally.failures += 1;
    for (const proceed of tally.waiting.splice(0)) proceed();
    if (tally.failures === 0 && tally.running === 0) this.#tallies.delete(key);
  }

  #tally(key: string): Tally {
    const now = this.now();
    let tally = this.#tallies.get(key);
    if (tally && tally.resetAt <= now) {
      tally.failures = 0;
      tally.resetAt = now + this.windowMs;
    }
    if (!tally) {
      if (this.#tallies.size >= MAX_KEYS) this.#prune(now);
      tally = { failures: 0, running: 0, resetAt: now + this.windowMs, waiting: [] };
      this.#tallies.set(key, tally);
    }
    return tally;
  }

  /** Forgets windows that are over; if an attack filled all of them, the oldest half that nobody waits in. */
  #prune(now: number): void {
    for (const [key, tally] of this.#tallies)
      if (tally.running === 0 && tally.resetAt <= now) this.#tallies.delete(key);
    for (const [key, tally] of this.#tallies) {
      if (this.#tallies.size < MAX_KEYS / 2) break;
      if (tally.running === 0) this.#tallies.delete(key);
    }
  }
}
