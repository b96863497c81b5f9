import "server-only";
import { PusherError, type PusherEvent, triggerPusherEvents } from "@/lib/pusher/server";
import { logger } from "@/lib/server/log";
import { currentRelay } from "./current-relay";

/**
 * Pushes what may get lost: positions, rows, notices, who is here. Each of them is in some answer that clients read
 * now and then anyway, so it is never awaited by a request, never repeated here, and dropped while the provider fails.
 * Whoever can tell the same later, as it is then, is told of the loss. What goes to one channel keeps its order.
 */
const LANES = 4;
const EVENTS_A_CALL = 10;
/** A lane that grew so long is a lane whose news is old. */
const MOST_WAITING = 1_000;
const PAUSE_AFTER_FAILURE_MS = 1_000;

interface Waiting {
  event: PusherEvent;
  onLost: () => void;
}

interface Lane {
  waiting: Waiting[];
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

/** `onLost` is called, once or more often, if some of these were dropped because the provider fails or is too slow. */
export function pushCourtesies(events: readonly PusherEvent[], onLost: () => void = () => undefined): void {
  const possible = canPushCourtesies();
  for (const event of events) {
    const lane = courtesies.lanes[laneOf(event.channel)];
    if (!possible || !lane || lane.waiting.length >= MOST_WAITING) {
      onLost();
      continue;
    }
    lane.waiting.push({ event, onLost });
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
    const called = lane.waiting.splice(0, EVENTS_A_CALL);
    try {
      await triggerPusherEvents(called.map(({ event }) => event));
    } catch (error) {
      logger().warn({ err: error, status: error instanceof PusherError ? error.status : undefined }, "not pushed");
      // 400, 413: the provider works and only these did not please it.
      if (error instanceof PusherError && (error.status === 400 || error.status === 413)) continue;
      courtesies.pausedUntil = performance.now() + PAUSE_AFTER_FAILURE_MS;
      for (const { onLost } of [...called, ...lane.waiting.splice(0)]) onLost();
    }
  }
  lane.running = null;
}

function laneOf(channel: string): number {
  let sum = 0;
  for (let index = 0; index < channel.length; index++) sum += channel.charCodeAt(index);
  return sum % LANES;
}
