import type { Cancel, Clock } from "@/lib/sync/ports";

/** How long something outlives its last user: long enough for a remount or a way back, short enough to be forgotten. */
const LINGER_MS = 5_000;

interface Startable<View> {
  start(): void;
  stop(): void;
  readonly getSnapshot: () => View;
  readonly subscribe: (listener: () => void) => Cancel;
  /** Has work to finish although nobody looks any more. */
  readonly unfinished?: boolean;
}

interface SharedOptions {
  readonly clock: Clock;
  readonly retainSocket: () => Cancel;
  readonly onIdle?: () => void;
}

/** Started by its first subscriber, stopped a little after its last one; what React's external store hook wants. */
export class Shared<View, Target extends Startable<View>> {
  readonly target: Target;
  readonly #options: SharedOptions;
  #users = 0;
  #releaseSocket: Cancel | null = null;
  #stopLinger: Cancel | null = null;
  #hydrationView: View | null = null;

  constructor(target: Target, options: SharedOptions) {
    this.target = target;
    this.#options = options;
  }

  get running(): boolean {
    return this.#releaseSocket !== null;
  }

  readonly getSnapshot = (): View => this.target.getSnapshot();

  /** What the server rendered and hydration must render again, whatever has happened since the start. */
  readonly getServerSnapshot = (): View => this.#hydrationView ?? this.target.getSnapshot();

  readonly subscribe = (listener: () => void): Cancel => {
    this.#users += 1;
    this.#stopLinger?.();
    this.#stopLinger = null;
    if (!this.running) this.#start();
    const unsubscribe = this.target.subscribe(listener);
    let subscribed = true;
    return () => {
      if (!subscribed) return;
      subscribed = false;
      unsubscribe();
      this.#users -= 1;
      if (this.#users === 0) this.#linger();
    };
  };

  close(): void {
    this.#stopLinger?.();
    this.#stopLinger = null;
    if (!this.running) return;
    this.target.stop();
    this.#releaseSocket?.();
    this.#releaseSocket = null;
    this.#options.onIdle?.();
  }

  #linger(): void {
    this.#stopLinger = this.#options.clock.after(LINGER_MS, () => {
      if (this.target.unfinished) this.#linger();
      else this.close();
    });
  }

  #start(): void {
    this.#hydrationView ??= this.target.getSnapshot();
    this.#releaseSocket = this.#options.retainSocket();
    this.target.start();
  }
}
