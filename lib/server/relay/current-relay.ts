import "server-only";
import type { Relay } from "./relay";

// One relay a process, whichever copy of this module started it.
const holder = globalThis as { __murphRelay?: Relay };

/** The relay that runs in this process. */
export function currentRelay(): Relay | undefined {
  return holder.__murphRelay;
}

export function enterRelay(relay: Relay): void {
  if (holder.__murphRelay) throw new Error("The relay is already running in this process");
  holder.__murphRelay = relay;
}

export function leaveRelay(relay: Relay): void {
  if (holder.__murphRelay === relay) delete holder.__murphRelay;
}
