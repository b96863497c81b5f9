import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "./binaries";
import type { OsUser } from "./os-user";
import { isPidAlive } from "./process-identity";

const START_TIMEOUT_MS = 60_000;
const LOG_KEEP_BYTES = 1_000_000;

export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** What postmaster.pid says of a server that runs on this cluster; null when none does. */
export function readPostmaster(cluster: string): Postmaster | null {
  let lines: string[];
  try {
    lines = fs.readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  if (!pid || !isPidAlive(pid) || !isServerOf(pid, cluster)) return null;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
}

/** A number can have been given to another process since; every PostgreSQL process works in its cluster's folder. */
function isServerOf(pid: number, cluster: string): boolean {
  if (process.platform !== "linux") return true;
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(cluster);
  } catch (error) {
    // Not allowed to look: another user's process, which only PostgreSQL's own checks can judge.
    return (error as NodeJS.ErrnoException).code === "EACCES";
  }
}

/**
 * PostgreSQL refuses to start while postmaster.pid names a live process or a zombie. Where the system shows that no
 * process works in the cluster any more the file is certainly left over, and removed.
 */
export function removeStalePidFile(cluster: string): void {
  const file = path.join(cluster, "postmaster.pid");
  if (process.platform !== "linux" || !fs.existsSync(file)) return;
  const folder = fs.realpathSync(cluster);
  for (const name of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (fs.readlinkSync(`/proc/${name}/cwd`) === folder) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EACCES") return;
    }
  }
  fs.rmSync(file, { force: true });
}

/** Starts the server as a process of its own (Ctrl-C does not reach it) and waits until it takes connections. */
export async function startPostmaster(options: {
  binaries: Binaries;
  user: OsUser | null;
  cluster: string;
  port: number;
  log: string;
  settings: Record<string, string>;
  onSpawn: (pid: number) => void;
}): Promise<Postmaster> {
  const { binaries, user, cluster, port, log } = options;
  if ((fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0) > LOG_KEEP_BYTES) fs.truncateSync(log);
  const logFile = fs.openSync(log, "a", 0o600);
  const logFrom = fs.fstatSync(logFile).size;
  const flags = Object.entries({
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    cluster_name: "murph",
    timezone: "UTC",
    log_timezone: "UTC",
    // The words of a failing row or statement belong in no log.
    log_error_verbosity: "terse",
    log_min_error_statement: "panic",
    ...options.settings,
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

  const child = spawn(binaries.postgres, ["-D", cluster, "-p", String(port), ...flags], {
    ...(user && { uid: user.uid, gid: user.gid }),
    env: serverEnvironment(),
    stdio: ["ignore", logFile, logFile],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  fs.closeSync(logFile);
  if (child.pid) options.onSpawn(child.pid);
  let ended: string | null = null;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
  });
  child.unref();

  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const running = readPostmaster(cluster);
    if (running?.pid === child.pid && running?.ready) return running;
    if (ended || Date.now() > deadline) {
      if (!ended) child.kill("SIGQUIT");
      throw new PostgresStartError(ended ?? "it did not become ready within a minute", tailOf(log, logFrom));
    }
    await sleep(20);
  }
}

/** PostgreSQL did not start; `log` is what it said. */
export class PostgresStartError extends Error {
  override name = "PostgresStartError";
  constructor(
    reason: string,
    readonly log: string,
  ) {
    super(`PostgreSQL did not start: ${reason}${log ? `\n${log}` : ""}`);
  }

  get portTaken(): boolean {
    return /could not bind|could not create any TCP\/IP sockets/.test(this.log);
  }

  get stillLocked(): boolean {
    return /lock file .* already exists|pre-existing shared memory block/.test(this.log);
  }
}

function tailOf(log: string, from: number): string {
  const text = fs.readFileSync(log).subarray(from).toString("utf8");
  return text.split("\n").slice(-20).join("\n").trim();
}

/** Asks for a fast shutdown: sessions are ended, data is written. Synchronous, so that it works in an exit handler. */
export function interruptPostmaster(pid: number, cluster: string, binaries: Binaries): void {
  if (process.platform === "win32") {
    spawnSync(binaries.pgCtl, ["stop", "-D", cluster, "-m", "fast", "-W"], { windowsHide: true });
    return;
  }
  try {
    process.kill(pid, "SIGINT");
  } catch {
    // Already gone.
  }
}

/** Waits until the server has put everything away. False when it takes longer than `timeoutMs`. */
export async function waitUntilStopped(cluster: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (readPostmaster(cluster)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** The same for an exit handler, where nothing asynchronous runs any more. */
export function waitUntilStoppedSync(server: { pid: number; cluster: string }, timeoutMs: number): void {
  const deadline = Date.now() + timeoutMs;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const file = path.join(server.cluster, "postmaster.pid");
  // Our own child stays a zombie meanwhile, which only Linux lets us tell; elsewhere its file has to do.
  const runs = () => fs.existsSync(file) || (process.platform === "linux" && isPidAlive(server.pid));
  while (runs() && Date.now() < deadline) Atomics.wait(cell, 0, 0, 10);
}

/** The preferred port if nothing listens there, else any free one. */
export async function choosePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred;
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once("error", () => resolve(null));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : null));
    });
  });
}

/** Without the PG* variables of the surrounding shell, and with one locale everywhere. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C", NODE_ENV: process.env.NODE_ENV };
}
