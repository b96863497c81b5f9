import "server-only";
import type { Event } from "@/lib/protocol/event";
import type { PushState } from "@/lib/protocol/snapshot";
import type { Publication, RelayPorts } from "./ports";

/**
 * The relay carries committed events to Pusher: after the commit, off the request path, in order per consultation, at
 * least once. Whoever holds a consultation's publication lease pushes, moves the cursor, and goes on until nothing is
 * left. Two ways to the lease:
 *
 *  - the append that finds the cursor idle takes it for its own process in the same write, and the event is pushed
 *    without another look at the database (publishAppended);
 *  - the sweep, at start and on a timer, claims whatever is behind and held by nobody: after a crash, a failure, or
 *    from processes that run without a relay.
 *
 * An append that finds the cursor held or behind needs to do nothing: the holder decides under the head's lock
 * whether it is done, so it sees that append or the append sees an idle cursor. Where the holder is this very process
 * it is handed the event (publishAppended), and for a moment waits for more of them before it moves the cursor: in a
 * lively conversation most messages are pushed without any look at the database.
 */

const CLAIMED_AT_ONCE = 16;
/** Pause before the next sweep while more may be waiting than one sweep takes. */
const SWEEP_AGAIN_MS = 50;

/** The provider takes ten events in one call. */
export const EVENTS_A_BATCH = 10;
/** How long a holder waits for the next event of its own process before it asks the database whether it is done. */
const LINGER_MS = 40;
/** What is pushed but not recorded would be pushed again after a crash; and the lease must not run out. */
const MAX_UNRECORDED_MS = 2_000;
/** Longer than the longest pause between two attempts (30 s) with their timeouts. */
const FORGET_FAILURE_AFTER_MS = 60_000;

/** A lease held by this relay. */
interface Holding {
  /** Events that this process appended meanwhile, by seq. */
  appended: Map<number, Event>;
  wake: () => void;
}

export interface Relay {
  readonly owner: string;
  /** One sweep now, then one after each pause. */
  start(): void;
  /** Ends when what was begun is finished. */
  stop(): Promise<void>;
  /** Called after the commit of an append, with the fence of the lease it took, or null where it took none. */
  publishAppended(event: Event, fence: number | null): void;
  /** Publishes until nothing is left that can be claimed: for cron hosts and tests. */
  sweepOnce(): Promise<{ published: number }>;
  /**
   * What this relay's last attempts say about live delivery. A failure that was not repeated here is forgotten:
   * another process has published the rest.
   */
  pushState(): PushState;
}

export function createRelay(ports: RelayPorts, { sweepEveryMs = 1_000 } = {}): Relay {
  const { lease, clock, owner, report } = ports;
  const holdings = new Map<string, Holding>();
  const running = new Set<Promise<unknown>>();
  let started = false;
  let stopped = false;
  let cancelSweep = (): void => undefined;
  let publishing = 0;
  let failedAt: number | null = null;

  return {
    owner,
    start() {
      if (started) throw new Error("The relay is already running");
      started = true;
      track(loop());
    },
    async stop() {
      stopped = true;
      cancelSweep();
      // A sweep in flight may still have begun to publish.
      while (running.size > 0) await Promise.allSettled([...running]);
    },
    publishAppended(event, fence) {
      const { consultationId } = event;
      if (fence !== null) {
        track(publish({ consultationId, fence, events: [event] }));
        return;
      }
      const holding = holdings.get(consultationId);
      holding?.appended.set(event.seq, event);
      holding?.wake();
    },
    async sweepOnce() {
      let published = 0;
      for (;;) {
        const claimed = await lease.claim(owner, CLAIMED_AT_ONCE);
        const counts = await Promise.all(claimed.map(publish));
        published += counts.reduce((sum, count) => sum + count, 0);
        if (claimed.length < CLAIMED_AT_ONCE) return { published };
      }
    },
    pushState: () => (failedAt !== null && clock.now() - failedAt < FORGET_FAILURE_AFTER_MS ? "delayed" : "ok"),
  };

  function track(work: Promise<unknown>): void {
    running.add(work);
    void work.finally(() => running.delete(work));
  }

  async function loop(): Promise<void> {
    const room = CLAIMED_AT_ONCE - publishing;
    let full = room === 0;
    try {
      const claimed = room > 0 ? await lease.claim(owner, room) : [];
      full ||= claimed.length === room;
      // Not awaited: a consultation that never falls silent must not keep the others waiting for the next sweep.
      for (const publication of claimed) {
        publishing += 1;
        track(
          publish(publication).then(() => {
            publishing -= 1;
          }),
        );
      }
    } catch (error) {
      report({ kind: "sweep-failed", error });
    }
    if (!stopped) cancelSweep = clock.after(full ? SWEEP_AGAIN_MS : sweepEveryMs, () => track(loop()));
  }

  /** Publishes from a held lease until nothing is left. Never throws: what fails is left to a later sweep. */
  async function publish(publication: Publication): Promise<number> {
    const { consultationId } = publication;
    const holding: Holding = { appended: new Map(), wake: () => undefined };
    holdings.set(consultationId, holding);
    let { events } = publication;
    let published = 0;
    let recordedAt = clock.now();
    try {
      for (;;) {
        const last = events.at(-1);
        if (!last) break;
        await ports.publish(events);
        failedAt = null;
        published += events.length;
        events = await nextAppended(holding, last.seq);
        if (events.length > 0 && clock.now() - recordedAt < MAX_UNRECORDED_MS) continue;
        // Only now: a cursor moved before the push would lose these events if we died in between.
        ({ events } = await lease.advance(publication, last.seq));
        recordedAt = clock.now();
      }
    } catch (error) {
      failedAt = clock.now();
      report({ kind: "publish-failed", consultationId, seq: events[0]?.seq ?? null, error });
      await lease.postpone(publication).catch((cause: unknown) => {
        // The lease then ends by itself.
        report({ kind: "lease-not-returned", consultationId, error: cause });
      });
    } finally {
      // The next holding may have begun: its append took the lease the moment it was given back.
      if (holdings.get(consultationId) === holding) holdings.delete(consultationId);
    }
    return published;
  }

  /**
   * What this process appended right after `seq`, waiting a moment for it. Nothing where another process came in
   * between: only the database knows that event.
   */
  async function nextAppended(holding: Holding, seq: number): Promise<readonly Event[]> {
    // A relay that only sweeps is never handed an event.
    if (!started || stopped) return [];
    for (const known of holding.appended.keys()) if (known <= seq) holding.appended.delete(known);
    if (holding.appended.size === 0) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(LINGER_MS, resolve);
        holding.wake = () => {
          cancel();
          resolve();
        };
      });
      holding.wake = () => undefined;
    }
    const next: Event[] = [];
    for (let event = holding.appended.get(seq + 1); event; event = holding.appended.get(event.seq + 1)) {
      if (next.push(event) === EVENTS_A_BATCH) break;
    }
    return next;
  }
}
