import "server-only";
import { randomUUID } from "node:crypto";
import type { Event } from "@/lib/protocol/event";
import type { PushState } from "@/lib/protocol/snapshot";
import { probePusher } from "@/lib/pusher/server";
import { logger } from "@/lib/server/log";
import type { RelayPorts, RelayReport } from "./ports";
import { databaseLease } from "./publication-lease";
import { publishEvents } from "./publish-events";
import { createRelay, type Relay } from "./relay";

// One relay a process, whichever copy of this module started it.
const holder = globalThis as { __murphRelay?: Relay };

/** Identity under which this process's appends may take the publication lease; null while no relay runs here. */
export function relayOwner(): string | null {
  return holder.__murphRelay?.owner ?? null;
}

/** What this process's last attempts to publish say about live delivery. "delayed" makes clients poll. */
export function pushState(): PushState {
  return holder.__murphRelay?.pushState() ?? "ok";
}

/** Starts the relay of this process. Starting twice is an error. */
export function startRelay(options: { sweepEveryMs?: number } = {}): { stop(): Promise<void> } {
  if (holder.__murphRelay) throw new Error("The relay is already running in this process");
  const relay = createRelay(appPorts(), options);
  holder.__murphRelay = relay;
  relay.start();
  return {
    async stop() {
      if (holder.__murphRelay === relay) delete holder.__murphRelay;
      await relay.stop();
    },
  };
}

/** Publishes until nothing is left that can be claimed: for cron hosts and tests. */
export function sweepOnce(): Promise<{ published: number }> {
  return (holder.__murphRelay ?? createRelay(appPorts())).sweepOnce();
}

/** Called after the commit of an append, with the fence of the lease it took, or null where it took none. */
export function publishAppended(event: Event, fence: number | null): void {
  holder.__murphRelay?.publishAppended(event, fence);
}

function appPorts(): RelayPorts {
  return {
    lease: databaseLease,
    publish: publishEvents,
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
  const { kind, error: err, ...ids } = report;
  logger().warn({ ...ids, err }, REPORTS[kind]);
}

const REPORTS: Record<RelayReport["kind"], string> = {
  "sweep-failed": "relay sweep failed, trying again",
  "publish-failed": "publishing failed, trying again later",
  "lease-not-returned": "publication lease not given back",
};
