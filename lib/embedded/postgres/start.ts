import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { DEFAULT_SCHEMA, inSchema } from "@/lib/database-url";
import { type Binaries, findBinaries } from "./binaries";
import { APP_ROLE, DATABASE, initialiseCluster, OWNER_ROLE, prepareDatabase, SUPERUSER } from "./initialise";
import { clusterOf, type Layout, layoutOf, makeDataDir, readSettings, type Settings, writeSettings } from "./layout";
import { type OsUser, unprivilegedUser } from "./os-user";
import {
  choosePort,
  interruptPostmaster,
  PostgresStartError,
  type Postmaster,
  readPostmaster,
  removeStalePidFile,
  startPostmaster,
  waitUntilStopped,
  waitUntilStoppedSync,
} from "./postmaster";
import { enterPresence, type Presence, readPresence } from "./presence";
import { withStartLock } from "./start-lock";

const STOP_TIMEOUT_MS = 15_000;
const EXIT_TIMEOUT_MS = 5_000;
const WATCH_RETRY_MS = 500;

export interface EmbeddedPostgresOptions {
  dataDir: string;
  onProblem?: (problem: string) => void;
  /** For tests and checks: fast, not durable, any port, and the owner role may make databases. */
  scratch?: boolean;
}

export interface EmbeddedPostgres {
  ownerUrl: string;
  appUrl: string;
  /** False when another live process used this server already. Whoever leaves last stops it. */
  owned: boolean;
  stop(): Promise<void>;
  /** The same within an exit handler; it is installed as one too, so that no way out leaves the server behind. */
  stopSync(): void;
}

interface Parts {
  layout: Layout;
  user: OsUser | null;
  binaries: Binaries;
  scratch: boolean;
  onProblem: (problem: string) => void;
  /** The server this process started, from the moment it exists. */
  started: { pid: number; cluster: string } | null;
}

/**
 * Starts the PostgreSQL of a data folder, or joins the one that already runs there: one left behind by a killed
 * process is taken over, one that others use is shared. While this process uses it the server is started again, on
 * the same port, should it go away. Rejects with a plain message whenever it cannot be had whole.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const onProblem = options.onProblem ?? (() => undefined);
  const layout = layoutOf(options.dataDir);
  const user = unprivilegedUser();
  makeDataDir(layout, user);
  const parts: Parts = {
    layout,
    user,
    binaries: findBinaries(user, onProblem),
    scratch: options.scratch ?? false,
    onProblem,
    started: null,
  };

  let presence: Presence | null = null;
  let joined: { cluster: string; watch: { stop(): void } } | null = null;
  let left = false;
  /** The server that was told to stop, if that was ours to do. */
  const leaveAndInterrupt = (): { pid: number; cluster: string } | null => {
    if (left) return null;
    left = true;
    process.off("exit", stopSync);
    joined?.watch.stop();
    if ((presence?.leave() ?? []).length > 0) return null;
    // Before we had joined only a server that we started ourselves is ours to stop.
    const cluster = joined?.cluster ?? parts.started?.cluster;
    if (!cluster) return null;
    const running = readPostmaster(cluster) ?? parts.started;
    if (!running || (!joined && running.pid !== parts.started?.pid)) return null;
    interruptPostmaster(running.pid, cluster, parts.binaries);
    return { pid: running.pid, cluster };
  };
  async function stop() {
    const stopping = leaveAndInterrupt();
    if (stopping && !(await waitUntilStopped(stopping.cluster, STOP_TIMEOUT_MS))) {
      onProblem(`PostgreSQL in ${stopping.cluster} has not stopped yet`);
    }
  }
  function stopSync() {
    const stopping = leaveAndInterrupt();
    if (stopping) waitUntilStoppedSync(stopping, EXIT_TIMEOUT_MS);
  }
  // From the start, so that a process that ends while it starts leaves no server behind either.
  process.once("exit", stopSync);
  try {
    const before = await waitForOtherMachines(layout);
    presence = enterPresence(layout.presence);
    const { settings, found } = await withStartLock(layout.startLock, () => ensureRunning(parts, null));
    if (found && before.length > 0) {
      onProblem(`PostgreSQL in ${layout.dataDir} is shared with process ${before.map(({ pid }) => pid).join(", ")}`);
    } else if (found) {
      onProblem(`PostgreSQL in ${layout.dataDir} was left behind by a process that was killed: taken over`);
    }
    joined = { cluster: clusterOf(layout, settings), watch: watchServer(parts, settings) };
    return {
      ownerUrl: inSchema(urlOf(settings, OWNER_ROLE, settings.ownerPassword, DATABASE), DEFAULT_SCHEMA),
      appUrl: inSchema(urlOf(settings, APP_ROLE, settings.appPassword, DATABASE), DEFAULT_SCHEMA),
      owned: before.length === 0,
      stop,
      stopSync,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitForOtherMachines(layout: Layout) {
  for (let attempt = 0; ; attempt++) {
    const { here, elsewhere } = readPresence(layout.presence);
    const other = elsewhere[0];
    if (!other) return here;
    if (attempt >= 24) {
      throw new Error(
        `${layout.dataDir} is in use by another machine or container (${other.host}): two PostgreSQL servers on one ` +
          "folder would destroy it. Stop that one, or set MURPH_DATA_DIR or DATABASE_URL.",
      );
    }
    await sleep(WATCH_RETRY_MS);
  }
}

/** Under the start lock. `port` is set when connections already point there: then the server may not move. */
async function ensureRunning(parts: Parts, port: number | null): Promise<{ settings: Settings; found: boolean }> {
  const { layout, user, binaries, scratch, onProblem } = parts;
  const settings = readSettings(layout, user, onProblem);
  const cluster = clusterOf(layout, settings);
  const running = await waitWhileInBetween(cluster, settings);
  if (running) {
    await withSuperuser({ ...settings, port: running.port }, (client) =>
      prepareDatabase(client, settings, { ownerMakesDatabases: scratch }),
    );
    return { settings: { ...settings, port: running.port }, found: true };
  }
  // Not `created`: an earlier start may have ended between the two.
  if (!fs.existsSync(path.join(cluster, "PG_VERSION"))) {
    await initialiseCluster({ binaries, user, cluster, superuserPassword: settings.superuserPassword, sync: !scratch });
  }
  const started = await startWithRetries(parts, settings, port);
  const next = { ...settings, port: started.port, created: true };
  await withSuperuser(next, (client) => prepareDatabase(client, settings, { ownerMakesDatabases: scratch }));
  if (settings.port !== next.port || !settings.created) writeSettings(layout, next);
  return { settings: next, found: false };
}

/** A server that is starting or stopping answers no connection; wait until it is one or the other. */
async function waitWhileInBetween(cluster: string, settings: Settings): Promise<Postmaster | null> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  for (;;) {
    const running = readPostmaster(cluster);
    if (!running) return null;
    try {
      await withSuperuser({ ...settings, port: running.port }, async () => undefined);
      return running;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "28P01" || code === "28000") {
        throw new Error(`A PostgreSQL (process ${running.pid}) runs on ${cluster} that does not know Murph's password`);
      }
      if (Date.now() > deadline) {
        throw new Error(
          `PostgreSQL (process ${running.pid}) holds ${cluster} but does not answer: ${(error as Error).message}`,
        );
      }
      await sleep(100);
    }
  }
}

async function startWithRetries(parts: Parts, settings: Settings, fixedPort: number | null): Promise<Postmaster> {
  const { layout, user, binaries, scratch, onProblem } = parts;
  const cluster = clusterOf(layout, settings);
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await choosePort(scratch ? 0 : settings.port));
    try {
      const started = await startPostmaster({
        binaries,
        user,
        cluster,
        port,
        log: layout.log,
        onSpawn: (pid) => {
          parts.started = { pid, cluster };
        },
        settings: scratch
          ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" }
          : {},
      });
      if (!scratch && settings.created && port !== settings.port) {
        onProblem(`Port ${settings.port} is taken: PostgreSQL moved to ${port}`);
      }
      return started;
    } catch (error) {
      if (!(error instanceof PostgresStartError) || attempt >= 10) throw error;
      if (!error.portTaken && !error.stillLocked) throw error;
      // After a kill the old process stays listed until it is reaped, its helpers until they notice.
      if (error.stillLocked) removeStalePidFile(cluster);
      await sleep(error.portTaken && fixedPort === null ? 0 : 500);
    }
  }
}

/** Holds one connection open: its end is how we notice that the server went away. */
function watchServer(parts: Parts, settings: Settings): { stop(): void } {
  let stopped = false;
  let current: pg.Client | null = null;
  void watch();
  return {
    stop() {
      stopped = true;
      current?.end().catch(() => undefined);
    },
  };

  async function watch() {
    while (!stopped) {
      try {
        const reached = await stayConnected();
        if (stopped || !fs.existsSync(parts.layout.settingsFile)) return;
        // Also where no connection was had: it may have gone again before this could connect to it.
        await withStartLock(parts.layout.startLock, async () => {
          if (stopped) return;
          const { found } = await ensureRunning(parts, settings.port);
          if (!found) parts.onProblem("PostgreSQL had gone away and was started again");
        });
        if (reached) continue;
      } catch (error) {
        if (stopped) return;
        parts.onProblem(`PostgreSQL is away: ${(error as Error).message}`);
      }
      await sleep(WATCH_RETRY_MS, undefined, { ref: false });
    }
  }

  /** Resolves when the server has gone away; false: it could not be reached in the first place. */
  async function stayConnected(): Promise<boolean> {
    current = superuserClient(settings);
    const ended = new Promise<void>((resolve) => current?.once("end", resolve));
    current.on("error", () => undefined);
    try {
      await current.connect();
    } catch {
      return false;
    }
    await ended;
    return true;
  }
}

function superuserClient(settings: Settings): pg.Client {
  return new pg.Client({
    connectionString: urlOf(settings, SUPERUSER, settings.superuserPassword, "postgres"),
    application_name: "murph-embedded",
    connectionTimeoutMillis: 10_000,
  });
}

async function withSuperuser(settings: Settings, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = superuserClient(settings);
  client.on("error", () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** sslmode is named because a PGSSLMODE in the shell would otherwise apply. */
function urlOf(settings: Settings, role: string, password: string, database: string): string {
  return `postgresql://${role}:${password}@127.0.0.1:${settings.port}/${database}?sslmode=disable`;
}

/** Whether a server runs on the data folder now, without starting or making anything. */
export function isEmbeddedPostgresRunning(dataDir: string): boolean {
  const layout = layoutOf(dataDir);
  if (!fs.existsSync(layout.settingsFile)) return false;
  return (
    readPostmaster(
      clusterOf(
        layout,
        readSettings(layout, null, () => undefined),
      ),
    ) !== null
  );
}
