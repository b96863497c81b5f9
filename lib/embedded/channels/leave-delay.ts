/**
 * Holds back the news that somebody left, in case they come straight back: a reload then says nothing at all,
 * neither that they left nor that they arrived.
 */
export class LeaveDelay {
  readonly #pending = new Map<string, { timer: NodeJS.Timeout; tell: () => void }>();

  constructor(private readonly delayMs: number) {}

  left(key: string, tell: () => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(key);
      tell();
    }, this.delayMs);
    timer.unref();
    this.#pending.set(key, { timer, tell });
  }

  /** True when the leave was still held back: then neither it nor the return is news. */
  returned(key: string): boolean {
    const pending = this.#pending.get(key);
    if (!pending) return false;
    clearTimeout(pending.timer);
    return this.#pending.delete(key);
  }

  /** Tells everything held back now, oldest first. */
  flush(): void {
    const held = [...this.#pending.values()];
    this.#pending.clear();
    for (const { timer, tell } of held) {
      clearTimeout(timer);
      tell();
    }
  }
}
