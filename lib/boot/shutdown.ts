import os from "node:os";

/** A started part and how it ends. */
export interface Part {
  stop(): Promise<void>;
  /** For parts that would outlive the process: called while it exits, when nothing asynchronous runs any more. */
  stopSync?(): void;
}

const EXIT_AFTER_MS = 10_000;

interface State {
  parts: Part[];
  installed: boolean;
  stopping: Promise<void> | null;
}

const holder = globalThis as { __murphShutdown?: State };

function state(): State {
  holder.__murphShutdown ??= { parts: [], installed: false, stopping: null };
  return holder.__murphShutdown;
}

/** Adds a part that is stopped before all earlier ones, at the latest when the process ends. */
export function onShutdown(part: Part): void {
  state().parts.push(part);
  endOnSignals();
}

/** Stops what was started, last first. */
export function shutdown(): Promise<void> {
  const current = state();
  current.stopping ??= stopAll(current.parts).finally(() => {
    current.stopping = null;
  });
  return current.stopping;
}

async function stopAll(parts: Part[]): Promise<void> {
  for (let part = parts.pop(); part; part = parts.pop()) {
    await part.stop().catch((error: unknown) => {
      console.error(`[murph] not stopped cleanly: ${(error as Error).message}`);
    });
  }
}

function stopAllSync(parts: Part[]): void {
  for (const part of [...parts].reverse()) part.stopSync?.();
}

/** Ends the process in order on every signal, also before any part was started. */
export function endOnSignals(): void {
  const current = state();
  if (current.installed) return;
  current.installed = true;
  process.once("exit", () => stopAllSync(current.parts));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(signal));
  // The child of `next dev` would otherwise live on when its parent is killed.
  if (process.env.NEXT_RUNTIME && process.env.NODE_ENV === "development")
    process.once("disconnect", () => end("SIGHUP"));
}

function end(signal: "SIGINT" | "SIGTERM" | "SIGHUP"): void {
  const current = state();
  const exit = () => process.exit(128 + os.constants.signals[signal]);
  setTimeout(exit, EXIT_AFTER_MS).unref();
  const nextEndsTheProcess = Boolean(process.env.NEXT_RUNTIME) && signal !== "SIGHUP";
  if (nextEndsTheProcess && process.env.NODE_ENV === "development") {
    // `next dev` kills its child 100 ms after the signal: nothing to wait for.
    stopAllSync(current.parts);
    return;
  }
  if (nextEndsTheProcess) {
    // Requests in flight still need the database: it stops when Next has answered them and exits.
    const early = current.parts.filter((part) => !part.stopSync);
    current.parts = current.parts.filter((part) => part.stopSync);
    void stopAll(early);
    return;
  }
  void shutdown().finally(exit);
}
