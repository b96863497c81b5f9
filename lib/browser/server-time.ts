import type { ServerTime } from "@/lib/sync/ports";

/** This machine slept, or somebody set its clock, when its two clocks disagree by more. */
const DOUBT_MS = 60_000;

export interface HeardServerTime extends ServerTime {
  /** The Date header of an answer that the app itself gave: a gateway's clock is none of ours. */
  hear(date: string | null): void;
}

/**
 * The server's clock, carried on by this machine's: how long ago matters, what time it is here does not (F20). One of
 * its clocks stands still in sleep and the other may be set by hand; once they disagree only the server knows.
 */
export function createServerTime(): HeardServerTime {
  let heard: { server: number; monotonic: number; wall: number } | null = null;
  return {
    hear(date) {
      const server = date === null ? Number.NaN : Date.parse(date);
      if (!Number.isNaN(server)) heard = { server, monotonic: performance.now(), wall: Date.now() };
    },
    now() {
      if (!heard) return null;
      const passed = performance.now() - heard.monotonic;
      const passedOnTheWall = Date.now() - heard.wall;
      return Math.abs(passed - passedOnTheWall) > DOUBT_MS ? null : heard.server + passed;
    },
  };
}
