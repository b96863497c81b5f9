import "server-only";
import type { PushState } from "@/lib/protocol/snapshot";

/** Longer than the longest pause between two attempts (30 s) with their timeouts. */
const FORGET_AFTER_MS = 60_000;

const holder = globalThis as { __murphPushFailedAt?: number | null };

/**
 * What this process's last attempts to publish say about live delivery. "delayed" makes clients poll. A failure that
 * was not repeated here is forgotten: another process has published the rest.
 */
export function pushState(): PushState {
  const failedAt = holder.__murphPushFailedAt ?? null;
  return failedAt !== null && Date.now() - failedAt < FORGET_AFTER_MS ? "delayed" : "ok";
}

export function reportPublish(outcome: "succeeded" | "failed"): void {
  holder.__murphPushFailedAt = outcome === "failed" ? Date.now() : null;
}
