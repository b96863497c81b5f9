import type { Cancel, Clock } from "@/lib/sync/ports";

/** How long something outlives its last user: long enough for a remount or a way back, short enough to be forgotten. */
const LINGER_MS = 5_000;
/** A flood of pushes is drawn this often, not once for each. */
const FRAME_MS = 32;

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

  /** Has not been on a screen yet, though it may run: what the server rendered is still to be said (`renderedAs`). */
  get unseen(): boolean {
    return this.#hydrationView === null;
  }

  renderedAs(view: View): void {
    this.#hydrationView ??= view;
  }

  /** What the server rendered and hydration must render again, whatever has happened since the start. */
  readonly getServerSnapshot = (): View => this.#hydrationView ?? this.target.getSnapshot();

  readonly subscribe = (listener: () => void): Cancel => {
    this.#hydrationView ??= this.target.getSnapshot();
    const release = this.keep();
    const paced = pace(listener, this.#options.clock);
    const unsubscribe = this.target.subscribe(paced.call);
    return () => {
      unsubscribe();
      paced.stop();
      release();
    };
  };

  /** Keeps it running for somebody who shows nothing of it. */
  readonly keep = (): Cancel => {
    this.#users += 1;
    this.#stopLinger?.();
    this.#stopLinger = null;
    if (!this.running) this.#start();
    let kept = true;
    return () => {
      if (!kept) return;
      kept = false;
      this.#users -= 1;
      if (this.#users === 0) this.#linger();
    };
  };

  /** Runs without anybody looking, until nothing is unfinished. */
  finish(): void {
    if (this.running) return;
    this.#start();
    this.#linger();
  }

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
    this.#releaseSocket = this.#options.retainSocket();
    this.target.start();
  }
}

/** Calls at once, and again at the end of a frame for whatever came meanwhile. */
function pace(listener: () => void, clock: Clock): { call(): void; stop: Cancel } {
  let frame: Cancel | null = null;
  let due = false;
  const call = () => {
    due = frame !== null;
    if (due) return;
    frame = clock.after(FRAME_MS, () => {
      frame = null;
      if (due) call();
    });
    listener();
  };
  return { call, stop: () => frame?.() };
}
