import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Runs beside the harness and hears of each process and folder it makes. When the harness ends, however it does, the
 * pipe between them ends, and what is left is killed and removed.
 */
const pids = new Set<number>();
const folders = new Set<string>();

// Ctrl-C in a terminal reaches the whole group: what is left is known only when the harness has gone.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [verb, what = ""] = [line.slice(0, 1), line.slice(1)];
  if (verb === "+") pids.add(Number(what));
  else if (verb === "-") pids.delete(Number(what));
  else if (verb === ":") folders.add(what);
});
lines.on("close", () => {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});
