import type { Cancel, Clock, NewCommand } from "@/lib/sync/ports";
import { Timer } from "@/lib/sync/timer";
import { wordsOf } from "@/lib/sync/words-of";
import type { BrowserQueue } from "./queue/browser-queue";

export type UnsentCounts = ReadonlyMap<string, number>;

const NONE: UnsentCounts = new Map();
/** What is sent in less than this was never worth a mark. */
const SETTLE_MS = 1_000;

/** A queue, and what can be told of it without opening a conversation. */
export interface WatchedQueue extends BrowserQueue {
  /** How many own messages and edits wait, by consultation, from whichever tab. */
  readonly counts: {
    readonly subscribe: (listener: () => void) => Cancel;
    readonly getSnapshot: () => UnsentCounts;
    readonly getServerSnapshot: () => UnsentCounts;
  };
  /** Words of this tab that would be lost with it. */
  inMemoryOnly(): boolean;
}

export function watchQueue(queue: BrowserQueue, clock: Clock): WatchedQueue {
  const own = new Set<string>();
  const listeners = new Set<() => void>();
  const settling = new Timer(clock);
  let counts = NONE;
  let stopListening: Cancel | null = null;

  async function count(): Promise<void> {
    const consultationIds = await queue.consultationIds();
    const counted = consultationIds.map(async (id) => [id, (await queue.list(id)).filter(hasWords).length] as const);
    const next = new Map((await Promise.all(counted)).filter(([, waiting]) => waiting > 0));
    if (next.size === counts.size && [...next].every(([id, waiting]) => counts.get(id) === waiting)) return;
    counts = next;
    for (const listener of [...listeners]) listener();
  }
  function changed(): void {
    if (listeners.size > 0 && !settling.armed) settling.arm(SETTLE_MS, () => void count());
  }

  return {
    ...queue,
    async add(command) {
      if (hasWords(command)) own.add(command.id);
      const stored = await queue.add(command);
      changed();
      return stored;
    },
    async remove(id) {
      own.delete(id);
      await queue.remove(id);
      changed();
    },
    async wipe() {
      own.clear();
      await queue.wipe();
    },
    counts: {
      subscribe(listener) {
        listeners.add(listener);
        stopListening ??= queue.onChange(changed);
        void count();
        return () => {
          listeners.delete(listener);
          if (listeners.size > 0) return;
          settling.clear();
          stopListening?.();
          stopListening = null;
        };
      },
      getSnapshot: () => counts,
      getServerSnapshot: () => NONE,
    },
    inMemoryOnly: () => own.size > 0 && !queue.durable(),
  };
}

function hasWords(command: NewCommand): boolean {
  return wordsOf(command) !== null;
}
