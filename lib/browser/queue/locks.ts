import { requestLock } from "@/lib/browser/facilities";

/** Longer than any attempt under the lock takes: who holds it then was frozen by the browser, or hangs. */
const PATIENCE_MS = 30_000;

/**
 * Runs under a Web Lock, one tab at a time; the browser frees it when its tab dies. One that is held for too long is
 * taken over: its holder has at most one attempt left, whose repeat the server recognises by its id. Never rejects.
 */
export async function runExclusively(name: string, run: () => Promise<void>, closed: AbortSignal): Promise<void> {
  let running: Promise<void> | null = null;
  const granted = () => {
    running = run();
    return running;
  };
  const waiting = new AbortController();
  const giveUp = () => waiting.abort();
  const timer = setTimeout(giveUp, PATIENCE_MS);
  closed.addEventListener("abort", giveUp);
  if (closed.aborted) giveUp();
  try {
    await requestLock(name, { signal: waiting.signal }, () => {
      clearTimeout(timer);
      return granted();
    });
  } catch {
    // Taken over from us: what we began goes on to its end. Not granted in time: we take it over. Not even that, in a
    // browser that has locks and refuses them: nobody else gets one either.
    if (running) await running;
    else if (!closed.aborted) await requestLock(name, { steal: true }, granted).catch(() => running ?? granted());
  } finally {
    clearTimeout(timer);
    closed.removeEventListener("abort", giveUp);
  }
}
