import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onTestFinished } from "vitest";
import * as z from "zod";
import { isAlive } from "./is-alive";

const runtimeSchema = z.object({
  databaseUrl: z.string(),
  channelsPort: z.number().nullable(),
  nextAuthSecret: z.string(),
  appId: z.string(),
  key: z.string(),
  secret: z.string(),
});
export type RuntimeReport = z.infer<typeof runtimeSchema>;

export interface Started {
  pid: number;
  output(): string;
  /** Resolves with what the process says of its parts; rejects with its output when it ends before. */
  ready(): Promise<RuntimeReport>;
  /** Asks a running process again. */
  report(): Promise<RuntimeReport>;
  exited(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/** Empty counts as unset, and keeps a developer's own .env.local out of the tests. */
const UNSET = Object.fromEntries(
  [
    ...fs
      .readFileSync(path.join(import.meta.dirname, "..", "..", ".env.example"), "utf8")
      .matchAll(/^# ([A-Z0-9_]+)=/gm),
  ].map(([, name]) => [name ?? "", ""]),
);
// Named by its place: the working directory may be a checkout without it.
const TSX = import.meta.resolve("tsx");
const ROOT = path.resolve(import.meta.dirname, "..", "..");

/** Runs a TypeScript entry in a process of its own, in an environment that holds nothing but what is given. */
export function startEntry(
  entry: string,
  options: { env?: Record<string, string>; args?: string[]; input?: string; cwd?: string } = {},
): Started {
  const child = spawn(
    process.execPath,
    ["--conditions=react-server", "--import", TSX, path.join(ROOT, entry), ...(options.args ?? [])],
    {
      cwd: options.cwd ?? ROOT,
      env: {
        ...UNSET,
        NODE_ENV: "development",
        PATH: process.env.PATH,
        HOME: os.homedir(),
        TMPDIR: os.tmpdir(),
        ...options.env,
      },
      stdio: "pipe",
    },
  );
  if (options.input !== undefined) child.stdin?.end(options.input);
  onTestFinished(() => endChild(child));
  return watchChild(child);
}

/** The app without Next, on a data folder. */
export function startAppProcess(dataDir: string, env: Record<string, string> = {}, cwd = ROOT): Started {
  return startEntry("tests/startup/app-process.ts", { env: { MURPH_DATA_DIR: dataDir, ...env }, cwd });
}

function watchChild(child: ChildProcess): Started {
  let output = "";
  const append = (data: Buffer) => {
    output += data.toString();
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  const reports = () => [...output.matchAll(/^RUNTIME (.*)$/gm)].map(([, json]) => json ?? "");
  const reportNumber = async (index: number) => {
    await until(() => ended || reports().length > index, `a report of process ${child.pid}`, 60_000);
    const json = reports()[index];
    if (json === undefined) throw new Error(`The process ended early:\n${output}`);
    return runtimeSchema.parse(JSON.parse(json));
  };
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ready: () => reportNumber(0),
    report: () => {
      const next = reports().length;
      child.stdin?.write("\n");
      return reportNumber(next);
    },
    exited: () => exited,
    kill: (signal) => void child.kill(signal),
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await closed;
}

/** A folder name of its own, not made yet; afterwards nothing of it is left, nor a server that works in it. */
export function temporaryDataDir(parent = os.tmpdir()): string {
  const dataDir = path.join(parent, `murph-startup-${randomBytes(6).toString("hex")}`);
  onTestFinished(async () => {
    const cluster = clusterOf(dataDir);
    const pid = postmasterPid(cluster);
    if (pid !== null && isAlive(pid)) process.kill(pid, "SIGKILL");
    await until(() => pid === null || !isAlive(pid), "the end of PostgreSQL");
    if (!cluster.startsWith(dataDir)) fs.rmSync(path.dirname(cluster), { recursive: true, force: true });
    fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return dataDir;
}

/** Where the database files of a data folder are. */
export function clusterOf(dataDir: string): string {
  const settings = path.join(dataDir, "postgres.json");
  if (!fs.existsSync(settings)) return path.join(dataDir, "postgres");
  const { clusterElsewhere } = z
    .object({ clusterElsewhere: z.string().nullable() })
    .parse(JSON.parse(fs.readFileSync(settings, "utf8")));
  return path.join(clusterElsewhere ?? dataDir, "postgres");
}

/** The process number in postmaster.pid; null when there is no such file. */
export function postmasterPid(cluster: string): number | null {
  try {
    return Number(fs.readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n")[0]);
  } catch {
    return null;
  }
}

/** Waits for a condition; rejects by name when it does not come about. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  name: string,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${name}`);
    await sleep(25);
  }
}

/** One query on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
