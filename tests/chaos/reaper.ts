import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** Sees to it that nothing outlives the harness, even when that is killed with -9. */
export interface Reaper {
  born(pid: number | undefined): void;
  gone(pid: number | undefined): void;
  /** Removed with everything in it at the end. An absolute path. */
  folder(name: string): void;
  /** Ends it: kills and removes what is left. */
  close(): Promise<void>;
}

export function startReaper(): Reaper {
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), path.join(import.meta.dirname, "reaper-process.ts")],
    { stdio: ["pipe", "ignore", "inherit"], detached: true },
  );
  child.unref();
  child.stdin?.on("error", () => undefined);
  const tell = (line: string) => void child.stdin?.write(`${line}\n`);
  return {
    born: (pid) => pid && tell(`+${pid}`),
    gone: (pid) => pid && tell(`-${pid}`),
    folder: (name) => tell(`:${name}`),
    async close() {
      const ended = once(child, "exit");
      child.ref();
      child.stdin?.end();
      await ended;
    },
  };
}
