import { execFile, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { temporaryDataDir } from "./processes";

const PACKAGES = "/usr/lib/postgresql";
const LEAST = 15;

/** The programs of Debian's oldest PostgreSQL from 15 on; installed where none is, as root. */
function ensurePrograms(): string {
  const found = () =>
    (existsSync(PACKAGES) ? readdirSync(PACKAGES) : [])
      .map(Number)
      .filter((version) => version >= LEAST)
      .sort((a, b) => a - b)[0];
  if (found() === undefined && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    execFileSync("apt-get", ["update"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "postgresql"], { stdio: "inherit" });
  }
  const version = found();
  if (version === undefined) throw new Error(`This test needs a PostgreSQL of the system, as Debian's ${PACKAGES}/15.`);
  return path.join(PACKAGES, String(version), "bin");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A throwaway cluster of a PostgreSQL that is not ours. */
export async function startDebianPostgres(): Promise<{ superuserUrl: string; stop(): Promise<void> }> {
  const programs = ensurePrograms();
  const folder = temporaryDataDir();
  mkdirSync(folder, { mode: 0o755 });
  const as: SpawnOptions = { cwd: os.tmpdir() };
  if (process.getuid?.() === 0) {
    const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
    Object.assign(as, { uid: id("-u"), gid: id("-g") });
    chownSync(folder, id("-u"), id("-g"));
  }
  const data = path.join(folder, "data");
  const flags = [`--pgdata=${data}`, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"];
  await promisify(execFile)(path.join(programs, "initdb"), [...flags, "--no-sync"], as);
  const port = await freePort();
  const settings = ["-p", String(port), "-h", "127.0.0.1", "-k", folder, "-F"];
  const server = spawn(path.join(programs, "postgres"), ["-D", data, ...settings], { ...as, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  const superuserUrl = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await answers(superuserUrl);
  return {
    superuserUrl,
    async stop() {
      server.kill("SIGINT");
      await ended;
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<void> {
  for (const until = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
