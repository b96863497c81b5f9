import "server-only";
import { AsyncLocalStorage } from "node:async_hooks";

// One object for the whole process: bundlers load several copies of this module into it.
const holder = globalThis as { __murphReach?: AsyncLocalStorage<{ ours: boolean }> };

function storage(): AsyncLocalStorage<{ ours: boolean }> {
  holder.__murphReach ??= new AsyncLocalStorage();
  return holder.__murphReach;
}

/** Runs a request so that it can be told afterwards whether any page or action of ours had begun. */
export function withReach(run: () => void): void {
  storage().run({ ours: false }, run);
}

/** Called by what is ours, first thing: from here on a failure is our own. */
export function reachOurs(): void {
  const store = storage().getStore();
  if (store) store.ours = true;
}

/** Of the request that this is called in; to be asked later, from anywhere. */
export function hasReachedOurs(): () => boolean {
  const store = storage().getStore();
  return () => store?.ours ?? false;
}
