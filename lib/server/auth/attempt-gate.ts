import "server-only";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@/lib/server/app-error";

const MAX_KEYS = 100_000;

interface Rule {
  /** So many failures in a window cost nothing. */
  limit: number;
  windowMs: number;
  /** After them one attempt at a time is let in, this far apart: whoever guesses is slowed, nobody is locked out. */
  thenEveryMs: number;
  /** How long an attempt waits for its turn rather than be refused. */
  mayWaitMs?: number;
}

interface Tally {
  failures: number;
  running: number;
  resetAt: number;
  /** When the next attempt beyond the limit has its turn. */
  nextAt: number;
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
    readonly rule: Rule,
    readonly now: () => number = Date.now,
    readonly wait: (ms: number) => Promise<unknown> = sleep,
  ) {}

  /** Waits for a place, then answers how to report the outcome. Throws AppError: rate-limited. */
  async enter(key: string): Promise<(failed: boolean) => void> {
    for (;;) {
      const tally = this.#tally(key);
      if (tally.failures >= this.rule.limit) {
        tally.running += 1;
        try {
          await this.#turn(tally);
        } catch (error) {
          tally.running -= 1;
          throw error;
        }
        return (failed) => this.#leave(key, tally, failed);
      }
      if (tally.failures + tally.running < this.rule.limit) {
        tally.running += 1;
        return (failed) => this.#leave(key, tally, failed);
      }
      await new Promise<void>((resolve) => tally.waiting.push(resolve));
    }
  }

  /** Takes the next turn beyond the limit; in the order in which they came. */
  async #turn(tally: Tally): Promise<void> {
    const { thenEveryMs, mayWaitMs = 0 } = this.rule;
    const now = this.now();
    const waitMs = Math.max(0, tally.nextAt - now);
    if (waitMs > mayWaitMs) {
      const seconds = Math.ceil(Math.min(waitMs, tally.resetAt - now) / 1_000);
      throw new AppError("rate-limited", { retryAfterSeconds: Math.max(1, seconds) });
    }
    tally.nextAt = now + waitMs + thenEveryMs;
    if (waitMs > 0) await this.wait(waitMs);
  }

  #leave(key: string, tally: Tally, failed: boolean): void {
    tally.running -= 1;
    if (failed) {
      tally.failures += 1;
      if (tally.failures === this.rule.limit) tally.nextAt = this.now() + this.rule.thenEveryMs;
    }
    for (const proceed of tally.waiting.splice(0)) proceed();
    if (tally.failures === 0 && tally.running === 0) this.#tallies.delete(key);
  }

  #tally(key: string): Tally {
    const now = this.now();
    let tally = this.#tallies.get(key);
    if (tally && tally.resetAt <= now) {
      tally.failures = 0;
      tally.resetAt = now + this.rule.windowMs;
    }
    if (!tally) {
      if (this.#tallies.size >= MAX_KEYS) this.#prune(now);
      tally = { failures: 0, running: 0, resetAt: now + this.rule.windowMs, nextAt: 0, waiting: [] };
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
