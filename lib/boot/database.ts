import path from "node:path";
import pg from "pg";
import { DEFAULT_SCHEMA, inSchema } from "@/lib/database-url";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import type { Env } from "@/lib/env";
import { type Applied, applyMigrations } from "./migrate";
import type { Say } from "./say";

export interface Database {
  /** Of the app's lesser role. */
  url: string;
  /** May LISTEN and hold locks. */
  directUrl: string;
  /** `url` leads through a transaction pooler. */
  pooled: boolean;
  /** May change the schema. */
  ownerUrl: string;
  /** The role whose rights are set after migrating; null where owner and app are one. */
  appRole: string | null;
  /** For people: where the data lives. */
  place: string;
  stop(): Promise<void>;
  stopSync(): void;
}

/** The database the environment names, or the embedded one of the data folder, started or shared. */
export async function openDatabase(env: Env, say: Say): Promise<Database> {
  if (env.database.kind === "external") {
    const schema = env.database.schema ?? DEFAULT_SCHEMA;
    const directUrl = inSchema(env.database.directUrl, schema);
    const ownerUrl = inSchema(env.database.ownerUrl, schema);
    // A transaction pooler takes no startup parameters: there the role itself knows the schema (migrate.ts).
    const pooled = env.database.directUrl !== env.database.url;
    const url = pooled ? env.database.url : inSchema(env.database.url, schema);
    const { hostname, port, pathname, username } = new URL(url);
    const appRole = username === new URL(ownerUrl).username ? null : decodeURIComponent(username);
    const place = `PostgreSQL at ${hostname}${port ? `:${port}` : ""}${pathname}`;
    return { url, ownerUrl, directUrl, pooled, appRole, place, stop: async () => undefined, stopSync: () => undefined };
  }
  const server = await startEmbeddedPostgres({ dataDir: env.dataDir, onProblem: say.problem });
  return {
    url: server.appUrl,
    directUrl: server.appUrl,
    pooled: false,
    ownerUrl: server.ownerUrl,
    appRole: APP_ROLE,
    place: `embedded PostgreSQL in ${path.resolve(/*turbopackIgnore: true*/ env.dataDir)}, port ${new URL(server.appUrl).port}`,
    stop: server.stop,
    stopSync: server.stopSync,
  };
}

/** Brings tables and functions up to date and sets the app role's rights. `putBack` as in applyMigrations. */
export function migrateDatabase({ url, ownerUrl, pooled, appRole }: Database, putBack = false): Promise<Applied> {
  return applyMigrations(ownerUrl, {
    putBack,
    ...(appRole === null ? {} : { appRole }),
    ...(pooled ? { pooledUrl: url } : {}),
  });
}

/** One process at a time prepares a database: two that start together would seed it twice. */
const PREPARE_LOCK = 72_707_370;

/** Runs `work` while no other instance on this database runs its own. */
export async function withPrepareLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.directUrl, application_name: "murph-boot" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [PREPARE_LOCK]);
    return await work();
  } finally {
    await client.end();
  }
}
