import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import * as z from "zod";

/** A process, told apart from a later one that was given the same number. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** Opaque start time; null where the platform does not tell it. */
  startedAt: z.string().nullable(),
  /** Numbers mean nothing to another machine or container that shares the folder. */
  host: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startTime(process.pid), host: os.hostname() };
}

/** True while exactly that process runs on this machine. */
export function isSameProcessAlive(identity: ProcessIdentity): boolean {
  if (!isPidAlive(identity.pid)) return false;
  return identity.startedAt === null || identity.startedAt === startTime(identity.pid);
}

/** True while a process with this number runs; a zombie does not count. */
export function isPidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return linuxStat(pid)?.[0] !== "Z";
}

function startTime(pid: number): string | null {
  if (process.platform === "linux") return linuxStat(pid)?.[19] ?? null;
  if (process.platform === "win32") return null;
  try {
    return execFileSync("ps", ["-p", String(pid), "-o", "lstart="], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}

/** Fields of /proc/<pid>/stat from the state on (field 3): the command before it may hold spaces and brackets. */
function linuxStat(pid: number): string[] | null {
  if (process.platform !== "linux") return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
