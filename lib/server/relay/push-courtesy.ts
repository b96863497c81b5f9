import "server-only";
import { PusherError, type PusherEvent, triggerPusherEvents } from "@/lib/pusher/server";
import { logger } from "@/lib/server/log";
import { currentRelay } from "./current-relay";

/**
 * Pushes what may get lost: positions, rows, notices, who is here. Each of them is in some answer that clients read
 * now and then anyway, so it is never awaited by a request, never repeated, and dropped while the provider fails.
 * What goes to one channel keeps its order.
 */
const LANES = 4;
const EVENTS_A_CALL = 10;
/** A lane that grew so long is a lane whose news is old. */
const MOST_WAITING = 1_000;
const PAUSE_AFTER_FAILURE_MS = 1_000;

interface Lane {
  waiting: PusherEvent[];
  running: Promise<void> | null;
}

const holder = globalThis as { __murphCourtesies?: { lanes: Lane[]; pausedUntil: number } };
holder.__murphCourtesies ??= {
  lanes: Array.from({ length: LANES }, () => ({ waiting: [], running: null })),
  pausedUntil: Number.NEGATIVE_INFINITY,
};
const courtesies = holder.__murphCourtesies;

/** False while every call would fail: then it is of no use to put something together. */
export function canPushCourtesies(): boolean {
  return performance.now() >= courtesies.pausedUntil && currentRelay()?.pushState() !== "delayed";
}

export function pushCourtesies(events: readonly PusherEvent[]): void {
  if (!canPushCourtesies()) return;
  for (const event of events) {
    const lane = courtesies.lanes[laneOf(event.channel)];
    if (!lane || lane.waiting.length >= MOST_WAITING) continue;
    lane.waiting.push(event);
    lane.running ??= send(lane);
  }
}

/** Resolves when nothing is on its way any more. */
export async function courtesiesSent(): Promise<void> {
  await Promise.all(courtesies.lanes.map(({ running }) => running));
}

async function send(lane: Lane): Promise<void> {
  // What is pushed in the same breath goes out in one call.
  await null;
  while (lane.waiting.length > 0) {
    try {
      await triggerPusherEvents(lane.waiting.splice(0, EVENTS_A_CALL));
    } catch (error) {
      logger().warn({ err: error, status: error instanceof PusherError ? error.status : undefined }, "not pushed");
      // 400, 413: the provider works and only these did not please it.
      if (error instanceof PusherError && (error.status === 400 || error.status === 413)) continue;
      lane.waiting.length = 0;
      courtesies.pausedUntil = performance.now() + PAUSE_AFTER_FAILURE_MS;
    }
  }
  lane.running = null;
}

function laneOf(channel: string): number {
  let sum = 0;
  for (let index = 0; index < channel.length; index++) sum += channel.charCodeAt(index);
  return sum % LANES;
}
