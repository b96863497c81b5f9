import "server-only";
import type { Event } from "@/lib/protocol/event";
import type { PushState } from "@/lib/protocol/snapshot";
import { createCircuit } from "./circuit";
import { hintOf } from "./hint";
import { type Publication, type Publishable, PublishError, type RelayPorts } from "./ports";

/**
 * The relay carries committed events to Pusher: after the commit, off the request path, in order per consultation, at
 * least once. Whoever holds a consultation's publication lease pushes, moves the cursor, and goes on until nothing is
 * left. Two ways to the lease:
 *
 *  - the append that finds the cursor idle takes it for its own process in the same write, and the event is pushed
 *    without another look at the database (publishAppended);
 *  - the sweep, at start, when woken and on a timer, claims whatever is behind and held by nobody: after a crash, a
 *    failure, or from processes that run without a relay.
 *
 * An append that finds the cursor held or behind needs to do nothing: the holder decides under the head's lock
 * whether it is done, so it sees that append or the append sees an idle cursor. Where the holder is this very process
 * it is handed the event (publishAppended), and for a moment waits for more of them before it moves the cursor: in a
 * lively conversation most messages are pushed without any look at the database. A holder elsewhere is told to look
 * now (wake); where that word is lost it looks a moment later, or the sweep does.
 *
 * While the provider fails nothing is published and no lease is taken (circuit.ts): appends only mark their cursor.
 */

/** So many consultations are caught up at once, and each may keep others waiting only for so long. */
const CLAIMED_AT_ONCE = 16;
const CATCHING_UP_MS = 500;
/** Pause between two sweeps while more may be waiting, or others keep waking this relay. */
const SWEEP_AGAIN_MS = 20;

/** After this long a consultation is tried again whose calls alone have failed. */
const ALONE_AGAIN_MS = 500;

/** The provider takes ten events in one call. */
export const EVENTS_A_BATCH = 10;
/** How long a holder waits for the next event of its own process before it asks the database whether it is done. */
const LINGER_MS = 40;
/** What is pushed but not recorded would be pushed again after a crash, and looks like a delay to readers. */
const MAX_UNRECORDED_MS = 1_000;
/** The database grants ten seconds; a call that begins after this might end when another holds the lease. */
const TRUST_LEASE_MS = 6_000;

/** "again": it failed alone, others' calls succeed. "alone": and once more. "away": the provider is. "refused": not these events. */
type PushOutcome = "published" | "again" | "alone" | "away" | "refused";

/** A lease held by this relay. */
interface Holding {
  /** Events that this process appended meanwhile, by seq. */
  appended: Map<number, Event>;
  /** Another process has appended: only the database knows what. */
  askDatabase: boolean;
  /** Somebody was removed: no word goes out any more, nor what was said before and still waits here (UI4). */
  hintsOnly: boolean;
  wake: () => void;
}

export interface Relay {
  /** One sweep now, then one after each pause. Starting twice is an error. */
  start(): void;
  /** Ends when what was begun is finished. */
  stop(): Promise<void>;
  /** Under which appends of this process may take the lease; null while it could not publish anyway. */
  leaseOwner(): string | null;
  /**
   * Called after the commit of an append, with the fence of the lease it took; null: it took none. `hintsOnly`: this
   * event, or one before it, has removed somebody.
   */
  publishAppended(event: Event, fence: number | null, options?: { hintsOnly?: boolean }): void;
  /** Whether this relay holds the consultation: then it was told by publishAppended. */
  holds(consultationId: string): boolean;
  /** Another process has appended. `heldElsewhere`: by somebody, so that there is nothing to claim. */
  wake(consultationId?: string, options?: { heldElsewhere?: boolean }): void;
  /** Publishes until nothing is left that can be claimed: for cron hosts and tests. */
  sweepOnce(): Promise<{ published: number }>;
  /** What this relay knows of live delivery. */
  pushState(): PushState;
}

export function createRelay(ports: RelayPorts, { sweepEveryMs = 1_000 } = {}): Relay {
  const { lease, clock, random, owner, report } = ports;
  const circuit = createCircuit(ports, revive);
  const holdings = new Map<string, Holding>();
  const running = new Set<Promise<unknown>>();
  let started = false;
  let stopped = false;
  let cancelSweep = (): void => undefined;
  let sweeping = false;
  let wanted = false;
  let sweepFailed = false;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let catchingUp = 0;
  let reviving = false;

  return {
    start() {
      if (started) throw new Error("The relay is already running");
      started = true;
      // What an earlier process gave back in an outage that may be over.
      reviving = true;
      track(sweep());
    },
    async stop() {
      stopped = true;
      cancelSweep();
      circuit.stop();
      for (const holding of holdings.values()) holding.wake();
      // A sweep in flight may still have begun to publish.
      while (running.size > 0) await Promise.allSettled([...running]);
    },
    leaseOwner: () => (circuit.isOpen() ? null : owner),
    publishAppended(event, fence, { hintsOnly = false } = {}) {
      const { consultationId } = event;
      if (fence !== null) {
        track(publish({ consultationId, fence, events: [event] }, clock.now(), { hintsOnly }));
        return;
      }
      const holding = holdings.get(consultationId);
      if (!holding) return;
      holding.appended.set(event.seq, event);
      holding.hintsOnly ||= hintsOnly;
      holding.wake();
    },
    holds: (consultationId) => holdings.has(consultationId),
    wake(consultationId, { heldElsewhere = false } = {}) {
      const holding = consultationId === undefined ? undefined : holdings.get(consultationId);
      if (holding) {
        holding.askDatabase = true;
        holding.wake();
      } else if (!heldElsewhere) sweepSoon();
    },
    async sweepOnce() {
      let published = 0;
      await circuit.probe();
      for (;;) {
        if (circuit.isOpen()) return { published };
        const since = clock.now();
        const claimed = await claim(CLAIMED_AT_ONCE);
        const counts = await Promise.all(claimed.map((publication) => publish(publication, since)));
        published += counts.reduce((sum, count) => sum + count, 0);
        if (claimed.length < CLAIMED_AT_ONCE) return { published };
      }
    },
    pushState: () => (circuit.isOpen() ? "delayed" : "ok"),
  };

  function track(work: Promise<unknown>): void {
    running.add(work);
    void work.finally(() => running.delete(work));
  }

  async function sweep(): Promise<void> {
    sweeping = true;
    wanted = false;
    sweptAt = clock.now();
    const room = CLAIMED_AT_ONCE - catchingUp;
    let again = room <= 0;
    try {
      const claimed = again || circuit.isOpen() ? [] : await claim(room);
      again ||= claimed.length === room;
      sweepFailed = false;
      // Not awaited: a consultation that never falls silent must not keep the others waiting for the next sweep.
      for (const publication of claimed) track(catchUp(publication, sweptAt));
    } catch (error) {
      report({ kind: "sweep-failed", error });
      // One failure is nothing to wait for.
      again = !sweepFailed;
      sweepFailed = true;
    }
    sweeping = false;
    const jitter = 0.8 + random.next() * 0.4;
    sweepAfter(again || wanted ? SWEEP_AGAIN_MS : sweepEveryMs * jitter);
  }

  async function claim(most: number): Promise<readonly Publication[]> {
    if (reviving) {
      await lease.revive();
      reviving = false;
    }
    return lease.claim(owner, most, [...holdings.keys()]);
  }

  /** Takes one of the few places only until nothing of the claim is left: its lease may go on for as long as people talk. */
  async function catchUp(publication: Publication, heldSince: number): Promise<void> {
    catchingUp += 1;
    let done = false;
    const leavePlace = () => {
      if (!done) catchingUp -= 1;
      done = true;
    };
    const cancel = clock.after(CATCHING_UP_MS, leavePlace);
    await publish(publication, heldSince, { onCaughtUp: leavePlace });
    cancel();
    leavePlace();
  }

  function sweepAfter(ms: number): void {
    cancelSweep();
    if (!stopped) cancelSweep = clock.after(ms, () => track(sweep()));
  }

  function sweepSoon(): void {
    if (!started || wanted) return;
    wanted = true;
    if (!sweeping) sweepAfter(Math.max(0, sweptAt + SWEEP_AGAIN_MS - clock.now()));
  }

  /** The provider is back: what was given back on its account must not wait for the end of its pause. */
  function revive(): void {
    reviving = true;
    sweepSoon();
  }

  /**
   * Publishes from a lease held since `heldSince` until nothing is left. Never throws: what fails is left to a later
   * sweep.
   */
  async function publish(
    publication: Publication,
    heldSince: number,
    { hintsOnly = false, onCaughtUp = () => {} }: { hintsOnly?: boolean; onCaughtUp?: () => void } = {},
  ): Promise<number> {
    const { consultationId } = publication;
    const holding: Holding = { appended: new Map(), askDatabase: false, hintsOnly, wake: () => undefined };
    holdings.set(consultationId, holding);
    let { events } = publication;
    let recordedAt = heldSince;
    let recordedSeq = 0;
    let publishedSeq = 0;
    let published = 0;
    let repeated = false;
    try {
      for (;;) {
        const last = events.at(-1);
        // A process that was frozen asks before it pushes what others may have pushed long ago.
        if (last && clock.now() - recordedAt < TRUST_LEASE_MS) {
          const outcome: PushOutcome = circuit.isOpen()
            ? "away"
            : await push(holding, events, { mayRepeat: !repeated });
          repeated = outcome === "again";
          if (repeated) continue;
          if (outcome !== "published") {
            await giveBack(publication, publishedSeq > recordedSeq ? publishedSeq : null);
            // The circuit may have closed while this one was not yet among those that are revived.
            if (outcome === "away" && !circuit.isOpen()) revive();
            // Its pause would grow, and no circuit closes that would end it.
            if (outcome === "alone") clock.after(ALONE_AGAIN_MS, revive);
            break;
          }
          publishedSeq = last.seq;
          published += events.length;
          const more = events.length >= EVENTS_A_BATCH;
          if (!more) onCaughtUp();
          events = await nextAppended(holding, last.seq, { linger: !more });
          if (events.length > 0 && clock.now() - recordedAt < MAX_UNRECORDED_MS) continue;
        }
        holding.askDatabase = false;
        const askedAt = clock.now();
        // Only now: a cursor moved before the push would lose these events if we died in between.
        ({ events } = await lease.advance(publication, publishedSeq));
        recordedAt = askedAt;
        recordedSeq = publishedSeq;
        if (events.length === 0) break;
      }
    } catch (error) {
      // The lease then ends by itself, or a later sweep finds that nobody here knows of it.
      report({ kind: "cursor-not-moved", consultationId, error });
    } finally {
      // The next holding may have begun: its append took the lease the moment it was given back.
      if (holdings.get(consultationId) === holding) holdings.delete(consultationId);
    }
    return published;
  }

  async function push(
    holding: Holding,
    events: readonly Publishable[],
    { mayRepeat }: { mayRepeat: boolean },
  ): Promise<PushOutcome> {
    const begunAt = clock.now();
    try {
      await ports.publish(holding.hintsOnly ? events.map(hintOf) : events);
      circuit.succeeded(begunAt);
      return "published";
    } catch (error) {
      const refused = error instanceof PublishError && error.reason === "events";
      if (!refused) {
        circuit.failed(error, begunAt);
        if (circuit.isOpen()) return "away";
        if (mayRepeat) return "again";
      }
      const [first] = events;
      report({ kind: "publish-failed", consultationId: first?.consultationId ?? "", seq: first?.seq ?? 0, error });
      return refused ? "refused" : "alone";
    }
  }

  /** For a while. Records first what was pushed: whoever goes on would push it again. */
  async function giveBack(publication: Publication, publishedSeq: number | null): Promise<void> {
    const { consultationId } = publication;
    try {
      if (publishedSeq !== null) await lease.advance(publication, publishedSeq);
      await lease.postpone(publication);
    } catch (error) {
      // The lease then ends by itself.
      report({ kind: "lease-not-returned", consultationId, error });
    }
  }

  /**
   * What this process appended right after `seq`, waiting a moment for it if it is to linger. Nothing where another
   * process came in between: only the database knows that event.
   */
  async function nextAppended(
    holding: Holding,
    seq: number,
    { linger }: { linger: boolean },
  ): Promise<readonly Event[]> {
    for (const known of holding.appended.keys()) if (known <= seq) holding.appended.delete(known);
    // A relay that only sweeps is never handed an event.
    if (linger && holding.appended.size === 0 && !holding.askDatabase && started && !stopped) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(LINGER_MS, resolve);
        holding.wake = () => {
          cancel();
          resolve();
        };
      });
      holding.wake = () => undefined;
    }
    if (holding.askDatabase) return [];
    const next: Event[] = [];
    for (let event = holding.appended.get(seq + 1); event; event = holding.appended.get(event.seq + 1)) {
      if (next.push(event) === EVENTS_A_BATCH) break;
    }
    return next;
  }
}
