import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Say } from "@/lib/boot/say";
import { type ChannelsServer, startChannelsServer } from "@/lib/embedded/channels/server";
import { isAnswering, type Registration, readOrMakeRegistration, readRegistration, writePort } from "./registration";

/** Held on a session of its own by the instance that runs the server, so that it ends with that instance. */
const CHANNELS_LOCK = 72_707_371;
const WATCH_MS = 1_000;
const JOIN_TIMEOUT_MS = 10_000;

export interface JoinChannelsOptions {
  databaseUrl: string;
  /** False for a worker: it uses the server of an app and never runs one. */
  serve: boolean;
  webhookUrl: () => string | null;
  /** Called whenever the server is somewhere else than before. */
  onMoved: (registration: Registration) => void;
  say: Say;
}

export interface JoinedChannels {
  registration: Registration;
  /** Whether the server runs in this process at the moment. */
  serving(): boolean;
  stop(): Promise<void>;
}

/**
 * Joins the built-in Channels server of this database: runs it if nobody does, else uses the one that is registered.
 * Two servers would split the rooms, so the one rule is: start only while holding the lock AND with the registered
 * server not answering. The lock alone does not say that it is dead (a restart of PostgreSQL frees all locks), nor
 * does silence alone (it may run on another machine, or be busy). When the server's process ends, an instance that
 * joined it takes over with the same key and secret, on the same port if that is free, and browsers reconnect.
 */
export async function joinChannels(options: JoinChannelsOptions): Promise<JoinedChannels> {
  const { say } = options;
  let client = await connect(options.databaseUrl);
  let registration = await readOrMakeRegistration(client);
  let server: ChannelsServer | null = null;
  let silentSince: number | null = null;
  let stopped = false;

  try {
    await enter();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  const watching = watch();

  return {
    get registration() {
      return registration;
    },
    serving: () => server !== null,
    async stop() {
      stopped = true;
      // The port closes before the lock is free: whoever takes over finds it so.
      await server?.close();
      await client.end().catch(() => undefined);
      await watching;
    },
  };

  async function enter(): Promise<void> {
    const deadline = Date.now() + JOIN_TIMEOUT_MS;
    for (;;) {
      if (options.serve && (await tryServe())) return;
      registration = (await readRegistration(client)) ?? registration;
      if (await isAnswering(registration)) return;
      if (Date.now() > deadline) {
        throw new Error(
          options.serve
            ? "The built-in Channels server of this database is run by an instance that cannot be reached at " +
                `${registration.host}:${registration.port}, probably on another machine. Two servers would split the ` +
                "rooms: set the PUSHER_* variables for several machines."
            : `No built-in Channels server answers at ${registration.host}:${registration.port}: start the app first, ` +
                "or set the PUSHER_* variables.",
        );
      }
      await sleep(250);
    }
  }

  /** Starts the server if that is allowed. The lock is kept exactly while it runs. */
  async function tryServe(): Promise<boolean> {
    if (!(await tryLock())) return false;
    const current = (await readRegistration(client)) ?? registration;
    if (await isAnswering(current)) {
      await client.query("SELECT pg_advisory_unlock($1)", [CHANNELS_LOCK]);
      return false;
    }
    const started = await listen(current);
    try {
      if (stopped) throw new Error("Stopped while starting");
      await writePort(client, started.port);
    } catch (error) {
      await started.close();
      throw error;
    }
    server = started;
    moveTo({ ...current, port: started.port });
    return true;
  }

  async function listen(current: Registration): Promise<ChannelsServer> {
    const { appId, key, secret, host } = current;
    const start = (port: number) =>
      startChannelsServer({
        appId,
        key,
        secret,
        host,
        port,
        webhookUrl: options.webhookUrl,
        // The key is public: it alone keeps no socket.
        authorizedConnections: true,
        onProblem: say.problem,
      });
    try {
      return await start(current.port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
      const moved = await start(0);
      say.problem(`Port ${current.port} is taken: the built-in Channels server moved to ${moved.port}`);
      return moved;
    }
  }

  async function tryLock(): Promise<boolean> {
    const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1) AS held", [CHANNELS_LOCK]);
    return rows[0]?.held === true;
  }

  function moveTo(next: Registration): void {
    const moved = JSON.stringify(next) !== JSON.stringify(registration);
    registration = next;
    if (moved) options.onMoved(next);
  }

  async function watch(): Promise<void> {
    let connected = true;
    while (!stopped) {
      await sleep(WATCH_MS, undefined, { ref: false });
      if (stopped) return;
      try {
        if (!connected) {
          const fresh = await connect(options.databaseUrl);
          if (stopped) return void (await fresh.end());
          client = fresh;
          connected = true;
          if (server) await tryLock();
        }
        await (server ? keepServing(server) : keepUsing());
      } catch {
        // The database is away; without it nobody can take over either, so what runs goes on running.
        connected = false;
        await client.end().catch(() => undefined);
      }
    }
  }

  /** The row decides: after a time without the lock another instance may have become the server. */
  async function keepServing(own: ChannelsServer): Promise<void> {
    const current = (await readRegistration(client)) ?? (await readOrMakeRegistration(client));
    if (current.port === own.port && current.key === registration.key) {
      if (!(await holdsLock())) await tryLock();
      return;
    }
    server = null;
    await own.close();
    await client.query("SELECT pg_advisory_unlock_all()");
    say.problem(`Another instance runs the built-in Channels server now (port ${current.port}): joined it`);
    moveTo(current);
  }

  async function holdsLock(): Promise<boolean> {
    const { rowCount } = await client.query(
      "SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = $1 AND granted",
      [CHANNELS_LOCK],
    );
    return rowCount !== 0;
  }

  async function keepUsing(): Promise<void> {
    moveTo((await readRegistration(client)) ?? registration);
    if (await isAnswering(registration)) {
      silentSince = null;
      return;
    }
    if (options.serve && (await tryServe())) {
      silentSince = null;
      say.problem(`The built-in Channels server had gone away: taken over on port ${registration.port}`);
      return;
    }
    if (silentSince === null) {
      silentSince = Date.now();
      say.problem(`The built-in Channels server at ${registration.host}:${registration.port} does not answer`);
    }
  }
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "murph-channels",
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
    keepAlive: true,
  });
  // Its end shows at the next query.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
