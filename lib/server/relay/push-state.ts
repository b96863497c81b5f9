import "server-only";
import type { PushState } from "@/lib/protocol/snapshot";

const holder = globalThis as { __murphPushFailing?: boolean };

/** What this process's last attempt to publish says about live delivery. "delayed" makes clients poll. */
export function pushState(): PushState {
  return holder.__murphPushFailing ? "delayed" : "ok";
}

export function reportPublish(outcome: "succeeded" | "failed"): void {
  holder.__murphPushFailing = outcome === "failed";
}
