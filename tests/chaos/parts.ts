import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { applyMigrations } from "@/lib/boot/migrate";
import { findBinaries } from "@/lib/embedded/postgres/binaries";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { clusterOf, layoutOf, readSettings } from "@/lib/embedded/postgres/layout";
import { unprivilegedUser } from "@/lib/embedded/postgres/os-user";
import { PostgresStartError, removeStalePidFile, startPostmaster } from "@/lib/embedded/postgres/postmaster";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { isAlive } from "@/tests/support/is-alive";
import { cleanEnvironment, freePort } from "@/tests/support/start-built-app";
import { clock, until } from "./deadline";
import type { Reaper } from "./reaper";

/** A process that is killed and comes back at the same place. */
export interface Part {
  readonly port: number;
  running(): boolean;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it answers again. Does nothing while it runs. */
  start(): Promise<void>;
}

const READY_MS = 60_000;

/** A real, durable PostgreSQL: what it confirmed must outlive a kill -9. */
export async function startPostgres(reaper: Reaper): Promise<Part & { ownerUrl: string; appUrl: string }> {
  // Not mkdtemp: its 0700 would shut out the user that PostgreSQL runs as under root.
  const dataDir = path.join(os.tmpdir(), `murph-chaos-pg-${randomBytes(6).toString("hex")}`);
  reaper.folder(dataDir);
  const made = await startEmbeddedPostgres({ dataDir });
  try {
    await applyMigrations(made.ownerUrl, { appRole: APP_ROLE });
  } finally {
    await made.stop();
  }
  const user = unprivilegedUser();
  const layout = layoutOf(dataDir);
  const settings = readSettings(layout, user, () => undefined);
  const cluster = clusterOf(layout, settings);
  if (settings.clusterElsewhere) reaper.folder(path.dirname(cluster));
  const port = await freePort();
  const at = (url: string) => Object.assign(new URL(url), { port: `${port}` }).href;
  let pid: number | null = null;

  async function start(): Promise<void> {
    const deadline = clock() + READY_MS;
    while (pid === null) {
      try {
        const started = await startPostmaster({
          binaries: findBinaries(user, () => undefined),
          user,
          cluster,
          port,
          log: layout.log,
          settings: { max_connections: "100" },
          onSpawn: (spawned) => reaper.born(spawned),
        });
        pid = started.pid;
      } catch (error) {
        if (!(error instanceof PostgresStartError) || clock() > deadline) throw error;
        // The killed server's helpers hold its memory until they notice.
        if (error.stillLocked) removeStalePidFile(cluster);
        await sleep(100);
      }
    }
  }
  await start();
  return {
    port,
    ownerUrl: at(made.ownerUrl),
    appUrl: at(made.appUrl),
    running: () => pid !== null,
    start,
    async kill() {
      const killed = pid;
      if (killed === null) return;
      pid = null;
      process.kill(killed, "SIGKILL");
      await until(() => !isAlive(killed), "the end of PostgreSQL", 10_000);
      reaper.gone(killed);
    },
  };
}

/** The Channels server by itself, as `npm run channels` runs it. */
export async function startChannels(
  reaper: Reaper,
  logFile: string,
): Promise<Part & { environment: Record<string, string> }> {
  const port = await freePort();
  const environment = {
    PUSHER_APP_ID: "chaos",
    PUSHER_KEY: randomBytes(10).toString("hex"),
    PUSHER_SECRET: randomBytes(16).toString("hex"),
  };
  const part = keepable(reaper, {
    port,
    logFile,
    args: ["--conditions=react-server", "--import", import.meta.resolve("tsx"), "lib/boot/bin/channels.ts"],
    env: { ...environment, PORT: `${port}` },
    ready: `http://127.0.0.1:${port}/`,
  });
  await part.start();
  return { ...part, environment };
}

/** One production app process. */
export async function startApp(
  reaper: Reaper,
  options: { port: number; distDir: string; logFile: string; env: Record<string, string> },
): Promise<Part> {
  const { port, distDir, logFile, env } = options;
  const part = keepable(reaper, {
    port,
    logFile,
    args: [path.resolve("node_modules/next/dist/bin/next"), "start", "-p", `${port}`],
    env: { ...env, MURPH_DIST_DIR: distDir },
    ready: `http://127.0.0.1:${port}/api/health`,
  });
  await part.start();
  return part;
}

function keepable(
  reaper: Reaper,
  options: { port: number; logFile: string; args: string[]; env: Record<string, string>; ready: string },
): Part {
  const { port, logFile, args, env, ready } = options;
  let child: ChildProcess | null = null;
  const runs = () => child !== null && child.exitCode === null && child.signalCode === null;

  function spawnOne(): ChildProcess {
    const log = fs.openSync(logFile, "a");
    const spawned = spawn(process.execPath, args, {
      env: { ...cleanEnvironment(), ...env },
      stdio: ["ignore", log, log],
    });
    fs.closeSync(log);
    reaper.born(spawned.pid);
    spawned.once("exit", () => reaper.gone(spawned.pid));
    return spawned;
  }
  return {
    port,
    running: runs,
    async start() {
      const deadline = clock() + READY_MS;
      // As a supervisor does: what ends while it starts (the database may be away just then) is started again.
      for (;;) {
        if (!runs()) child = spawnOne();
        if (await answers(ready)) return;
        if (clock() > deadline) {
          throw new Error(`${args.at(-1)} did not become ready:\n${fs.readFileSync(logFile, "utf8").slice(-4_000)}`);
        }
        await sleep(50);
      }
    },
    async kill() {
      if (!child || !runs()) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
