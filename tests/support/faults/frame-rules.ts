import type { SeededRandom } from "@/tests/support/sim/seeded-random";

/** One WebSocket message of the Pusher protocol. */
export interface SeenFrame {
  /** "down": from the Channels server to the browser. */
  readonly direction: "down" | "up";
  /** Name of the Pusher event; empty for what is none. */
  readonly event: string;
  readonly channel: string;
  readonly text: string;
}

/**
 * What happens to frames that match. Of the shares at most one applies to a frame, drawn by the proxy's seed in the
 * order drop, double, delay, shuffle.
 */
export interface FrameRule {
  /** Where left out: pushes from the server to the browser, not the protocol's own frames. */
  readonly match?: (frame: SeenFrame) => boolean;
  readonly drop?: number;
  /** So many copies in all arrive one after the other (default 2). */
  readonly double?: number;
  readonly copies?: number;
  /** Others overtake a delayed frame. */
  readonly delay?: number;
  readonly delayMs?: readonly [number, number];
  /** Frames are kept until `window` of them are there or `windowMs` have passed, then go out in any order. */
  readonly shuffle?: number;
  readonly window?: number;
  readonly windowMs?: number;
}

export function isPush({ direction, event }: SeenFrame): boolean {
  return direction === "down" && event !== "" && !/^pusher(_internal)?:/.test(event);
}

export function seenFrame(direction: SeenFrame["direction"], text: string): SeenFrame {
  try {
    const { event, channel } = JSON.parse(text) as { event?: unknown; channel?: unknown };
    return {
      direction,
      text,
      event: typeof event === "string" ? event : "",
      channel: typeof channel === "string" ? channel : "",
    };
  } catch {
    return { direction, text, event: "", channel: "" };
  }
}

/** How many frames met which fate. */
export interface FrameCounts {
  passed: number;
  dropped: number;
  doubled: number;
  delayed: number;
  shuffled: number;
}

/** One direction of one connection: carries frames on, by the rules of its proxy. */
export class FrameLane {
  #kept: { frame: SeenFrame; rule: FrameRule }[] = [];
  #flushing: NodeJS.Timeout | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    readonly rules: ReadonlySet<FrameRule>,
    readonly random: SeededRandom,
    readonly counts: FrameCounts,
    readonly send: (text: string) => void,
  ) {}

  carry(frame: SeenFrame): void {
    const rule = [...this.rules].find(({ match = isPush }) => match(frame));
    if (!rule) {
      this.#pass(frame);
      return;
    }
    let draw = this.random.next();
    const falls = (share = 0) => {
      draw -= share;
      return draw < 0;
    };
    if (falls(rule.drop)) {
      this.counts.dropped += 1;
    } else if (falls(rule.double)) {
      this.counts.doubled += 1;
      for (let copy = 0; copy < (rule.copies ?? 2); copy++) this.send(frame.text);
    } else if (falls(rule.delay)) {
      this.counts.delayed += 1;
      this.#later(frame, rule.delayMs ?? [100, 2_000]);
    } else if (falls(rule.shuffle)) {
      this.counts.shuffled += 1;
      this.#keep(frame, rule);
    } else this.#pass(frame);
  }

  /** Lets go of what is kept in the shuffle window. */
  flush(): void {
    if (this.#flushing) clearTimeout(this.#flushing);
    this.#flushing = null;
    const kept = this.#kept.splice(0);
    while (kept.length > 0) {
      const [entry] = kept.splice(this.random.below(kept.length), 1);
      if (entry) this.send(entry.frame.text);
    }
  }

  close(): void {
    if (this.#flushing) clearTimeout(this.#flushing);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#kept = [];
  }

  #pass(frame: SeenFrame): void {
    this.counts.passed += 1;
    this.send(frame.text);
  }

  #later({ text }: SeenFrame, [from, to]: readonly [number, number]): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.send(text);
      },
      from + this.random.next() * (to - from),
    );
    this.#timers.add(timer);
  }

  #keep(frame: SeenFrame, rule: FrameRule): void {
    this.#kept.push({ frame, rule });
    if (this.#kept.length >= (rule.window ?? 10)) this.flush();
    else this.#flushing ??= setTimeout(() => this.flush(), rule.windowMs ?? 1_000);
  }
}
