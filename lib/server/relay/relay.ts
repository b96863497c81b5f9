import "server-only";
import { randomUUID } from "node:crypto";
import type { Event } from "@/lib/protocol/event";
import { logger } from "@/lib/server/log";
import {
  advancePublication,
  claimPublications,
  EVENTS_A_BATCH,
  type Publication,
  postponePublication,
} from "./publication-lease";
import { publishEvents } from "./publish-events";
import { reportPublish } from "./push-state";

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

/** How long a holder waits for the next event of its own process before it asks the database whether it is done. */
const LINGER_MS = 40;
/** What is pushed but not recorded would be pushed again after a crash; and the lease must not run out. */
const MAX_UNRECORDED_MS = 2_000;

/** A lease held by this process. */
interface Holding {
  /** Events that this process appended meanwhile, by seq. */
  appended: Map<number, Event>;
  wake: () => void;
}

interface RelayState {
  owner: string;
  running: Set<Promise<void>>;
  holdings: Map<string, Holding>;
}

// One relay a process, whichever copy of this module started it.
const holder = globalThis as { __murphRelay?: RelayState };

/** Identity under which this process's appends may take the publication lease; null while no relay runs here. */
export function relayOwner(): string | null {
  return holder.__murphRelay?.owner ?? null;
}

/** Starts the relay of this process: one sweep now, then one every `sweepEveryMs`. Starting twice is an error. */
export function startRelay({ sweepEveryMs = 1_000 } = {}): { stop(): Promise<void> } {
  if (holder.__murphRelay) throw new Error("The relay is already running in this process");
  const state: RelayState = { owner: randomUUID(), running: new Set(), holdings: new Map() };
  holder.__murphRelay = state;

  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let publishing = 0;
  const loop = async () => {
    const room = CLAIMED_AT_ONCE - publishing;
    let full = room === 0;
    try {
      const claimed = room > 0 ? await claimPublications(state.owner, room) : [];
      full ||= claimed.length === room;
      // Not awaited: a consultation that never falls silent must not keep the others waiting for the next sweep.
      for (const publication of claimed) {
        publishing += 1;
        track(
          state,
          publish(publication).then(() => {
            publishing -= 1;
          }),
        );
      }
    } catch (error) {
      logger().warn({ err: error }, "relay sweep failed, trying again");
    }
    if (!stopped) {
      timer = setTimeout(() => track(state, loop()), full ? SWEEP_AGAIN_MS : sweepEveryMs);
      timer.unref();
    }
  };
  track(state, loop());

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      if (holder.__murphRelay === state) delete holder.__murphRelay;
      // A sweep in flight may still have begun to publish.
      while (state.running.size > 0) await Promise.allSettled([...state.running]);
    },
  };
}

/** Publishes until nothing is left that can be claimed: for cron hosts and tests. */
export async function sweepOnce(): Promise<{ published: number }> {
  const owner = relayOwner() ?? randomUUID();
  let published = 0;
  for (;;) {
    const claimed = await claimPublications(owner, CLAIMED_AT_ONCE);
    const counts = await Promise.all(claimed.map(publish));
    published += counts.reduce((sum, count) => sum + count, 0);
    if (claimed.length < CLAIMED_AT_ONCE) return { published };
  }
}

/** Called after the commit of an append, with the fence of the lease it took, or null where it took none. */
export function publishAppended(event: Event, fence: number | null): void {
  const state = holder.__murphRelay;
  if (!state) return;
  const { consultationId } = event;
  if (fence !== null) {
    track(
      state,
      publish({ consultationId, fence, events: [event] }).then(() => undefined),
    );
    return;
  }
  const holding = state.holdings.get(consultationId);
  holding?.appended.set(event.seq, event);
  holding?.wake();
}

function track(state: RelayState, work: Promise<void>): void {
  state.running.add(work);
  void work.finally(() => state.running.delete(work));
}

/** Publishes from a held lease until nothing is left. Never throws: what fails is left to a later sweep. */
async function publish(publication: Publication): Promise<number> {
  const { consultationId } = publication;
  const holdings = holder.__murphRelay?.holdings;
  const holding: Holding = { appended: new Map(), wake: () => undefined };
  holdings?.set(consultationId, holding);
  let { events } = publication;
  let published = 0;
  let recordedAt = performance.now();
  try {
    for (;;) {
      const last = events.at(-1);
      if (!last) break;
      await publishEvents(events);
      reportPublish("succeeded");
      published += events.length;
      events = holdings ? await nextAppended(holding, last.seq) : [];
      if (events.length > 0 && performance.now() - recordedAt < MAX_UNRECORDED_MS) continue;
      // Only now: a cursor moved before the push would lose these events if we died in between.
      ({ events } = await advancePublication(publication, last.seq));
      recordedAt = performance.now();
    }
  } catch (error) {
    reportPublish("failed");
    logger().warn({ consultationId, seq: events[0]?.seq, err: error }, "publishing failed, trying again later");
    await postponePublication(publication).catch((cause: unknown) => {
      // The lease then ends by itself.
      logger().warn({ consultationId, err: cause }, "publication lease not given back");
    });
  } finally {
    // The next holding may have begun: its append took the lease the moment it was given back.
    if (holdings?.get(consultationId) === holding) holdings.delete(consultationId);
  }
  return published;
}

/**
 * What this process appended right after `seq`, waiting a moment for it. Nothing where another process came in
 * between: only the database knows that event.
 */
async function nextAppended(holding: Holding, seq: number): Promise<Event[]> {
  for (const known of holding.appended.keys()) if (known <= seq) holding.appended.delete(known);
  if (holding.appended.size === 0) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LINGER_MS);
      holding.wake = () => {
        clearTimeout(timer);
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
