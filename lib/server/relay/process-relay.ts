import "server-only";
import { randomUUID } from "node:crypto";
import type { Event } from "@/lib/protocol/event";
import type { PushState } from "@/lib/protocol/snapshot";
import { logger } from "@/lib/server/log";
import { eventsPublished, noticesSent } from "@/lib/server/notices/notices";
import { currentRelay, enterRelay, leaveRelay } from "./current-relay";
import type { RelayPorts, RelayReport } from "./ports";
import { databaseLease } from "./publication-lease";
import { probePusher, publishEvents } from "./publish-events";
import { createRelay } from "./relay";
import { listenForWakeUps, notifyRelays } from "./wake-up";

/** Under which this process's appends may take the publication lease; null while no relay here could publish. */
export function relayOwner(): string | null {
  return currentRelay()?.leaseOwner() ?? null;
}

/** What this process knows of live delivery; each consultation's own delay is in the database's answers. */
export function pushState(): PushState {
  return currentRelay()?.pushState() ?? "ok";
}

/** Starts the relay of this process. Starting twice is an error. */
export function startRelay(options: { sweepEveryMs?: number } = {}): { stop(): Promise<void> } {
  const ports = appPorts();
  const relay = createRelay(ports, options);
  enterRelay(relay);
  relay.start();
  const listening = listenForWakeUps(ports.owner, {
    onAppended: (consultationId, unheld) => relay.wake(consultationId, { heldElsewhere: !unheld }),
    onListening: () => relay.wake(),
  });
  return {
    async stop() {
      leaveRelay(relay);
      await relay.stop();
      await noticesSent();
      // Last: what the relay still held was its own until now.
      await listening.stop();
    },
  };
}

/** Publishes until nothing is left that can be claimed: for cron hosts and tests. */
export async function sweepOnce(): Promise<{ published: number }> {
  const running = currentRelay();
  if (running) return running.sweepOnce();
  const relay = createRelay(appPorts());
  try {
    return await relay.sweepOnce();
  } finally {
    await relay.stop();
    await noticesSent();
  }
}

/**
 * Called after the commit of an append, with the fence of the lease it took, or null where it took none. `unheld`:
 * nobody has the lease, it is for any relay to claim. `hintsOnly`: somebody was removed by this event or before it.
 */
export function publishAppended(
  event: Event,
  { fence, unheld, hintsOnly = false }: { fence: number | null; unheld: boolean; hintsOnly?: boolean },
): void {
  const relay = currentRelay();
  relay?.publishAppended(event, fence, { hintsOnly });
  if (fence === null && !relay?.holds(event.consultationId)) notifyRelays(event.consultationId, unheld);
}

function appPorts(): RelayPorts {
  return {
    lease: databaseLease,
    async publish(events) {
      await publishEvents(events);
      eventsPublished(events);
    },
    probe: probePusher,
    clock: {
      now: () => performance.now(),
      after(ms, run) {
        const timer = setTimeout(run, ms);
        timer.unref();
        return () => clearTimeout(timer);
      },
    },
    random: { next: Math.random },
    owner: randomUUID(),
    report: log,
  };
}

function log(report: RelayReport): void {
  const { kind, ...facts } = report;
  const line = "error" in facts ? { ...facts, error: undefined, err: facts.error } : facts;
  // Loud: nothing repairs it by itself.
  const loud = kind === "provider-refuses-us" || kind === "publish-failed";
  logger()[loud ? "error" : "warn"](line, REPORTS[kind]);
}

const REPORTS: Record<RelayReport["kind"], string> = {
  "sweep-failed": "relay sweep failed, trying again",
  "provider-away": "Pusher cannot be reached or is overloaded: live updates are delayed, nothing is lost",
  "provider-refuses-us":
    "Pusher refuses us: check PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET, the account and this machine's clock. " +
    "Live updates are delayed, nothing is lost",
  "provider-back": "Pusher takes calls again",
  "publish-failed": "Pusher does not take these events, trying again later",
  "cursor-not-moved": "published, but not recorded: may be published again",
  "lease-not-returned": "publication lease not given back",
};
