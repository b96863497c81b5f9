import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { schemaOf } from "@/lib/database-url";
import { applyFunctions, beginFunctions, type Functions, type FunctionsApplied, readFunctions } from "./functions";
import { MigrationError } from "./migration-error";

/** The number Prisma's own migrate command locks, so that the two never run at once. */
const MIGRATE_LOCK = 72_707_369;
const LOCK_TIMEOUT_MS = 60_000;

/** Tables the app may add to but never change: the log and what was said before an edit. */
const APPEND_ONLY_TABLES = ["events", "message_revisions"];

export interface Migration {
  name: string;
  sql: string;
}

interface MigrationRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
}

export interface Applied {
  /** Names of the migrations that were new. */
  migrations: string[];
  functions: FunctionsApplied;
}

/**
 * Applies what is missing of prisma/migrations, in the bookkeeping of `prisma migrate`, and prisma/functions where it has
 * changed: everything in one transaction, so that a database is of one release or of the other. All of it is in the
 * schema that the URL names (inSchema), made where it is missing; what others keep in the database beside it is neither
 * read nor granted. With `appRole`, that role's rights are set in it too, also when nothing was new; with `pooledUrl`,
 * connections through that pooler find the schema. `putBack`: the functions are made whatever the database has, also
 * where it has those of a newer release.
 */
export async function applyMigrations(
  ownerUrl: string,
  options: {
    appRole?: string;
    pooledUrl?: string;
    putBack?: boolean;
    migrations?: Migration[];
    functions?: Functions;
  } = {},
): Promise<Applied> {
  const migrations = options.migrations ?? readMigrations();
  const functions = options.functions ?? readFunctions(migrations.map(({ name }) => name));
  const schema = schemaOf(ownerUrl);
  const client = new pg.Client({ connectionString: ownerUrl, application_name: "murph-migrate" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATE_LOCK]);
    await client.query("SET lock_timeout = 0");
    await makeSchema(client, schema);
    await client.query(CREATE_BOOKKEEPING);
    const pending = pendingMigrations(migrations, await readRows(client));
    const state = await inTransaction(client, async () => {
      const toDo = await beginFunctions(client, functions, options.putBack ?? false);
      for (const migration of pending) await applyMigration(client, migration);
      if (toDo === "applied") await applyFunctions(client, schema, functions);
      // What an older release knows of rights is not what the newer one has set.
      if (options.appRole && toDo !== "kept") await grantAppRole(client, schema, options.appRole);
      return toDo;
    });
    if (options.pooledUrl) await findSchemaThroughPooler(client, schema, options.pooledUrl);
    return { migrations: pending.map(({ name }) => name), functions: state };
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}

/** A process that dies on the way leaves nothing behind; a migration that fails leaves its name and its reason. */
async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  try {
    await client.query("BEGIN");
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    if (!(error instanceof FailedMigration)) throw error;
    await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ($1, $2, $3, $4)", [
      ...rowOf(error.migration),
      error.reason,
    ]);
    throw new MigrationError(`The migration ${error.migration.name} failed: ${error.reason}`);
  }
}

class FailedMigration extends Error {
  constructor(
    readonly migration: Migration,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/** The migrations of this checkout in their order. */
export function readMigrations(): Migration[] {
  const folder = path.join(/*turbopackIgnore: true*/ process.cwd(), "prisma", "migrations");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, sql: readFileSync(path.join(folder, name, "migration.sql"), "utf8") }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const CREATE_BOOKKEEPING = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

async function readRows(client: pg.Client): Promise<MigrationRow[]> {
  const { rows } = await client.query<MigrationRow>(
    "SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations ORDER BY started_at",
  );
  return rows;
}

function pendingMigrations(migrations: Migration[], rows: MigrationRow[]): Migration[] {
  const inForce = rows.filter((row) => row.rolled_back_at === null);
  const failed = inForce.find((row) => row.finished_at === null);
  if (failed) {
    throw new MigrationError(
      `The migration ${failed.migration_name} failed earlier (its log is in _prisma_migrations). Nothing more is ` +
        `applied until it is resolved: repair the database, then \`npx prisma migrate resolve\`, or mark the row.`,
    );
  }
  return migrations.filter((migration) => {
    const row = inForce.find((applied) => applied.migration_name === migration.name);
    if (row && !checksums(migration.sql).includes(row.checksum)) {
      throw new MigrationError(
        `The migration ${migration.name} was changed after it had been applied to this database. ` +
          "Put the file back and write a new migration for the change.",
      );
    }
    return !row;
  });
}

/** As written first; the others are the same text after Git changed its line ends. */
function checksums(sql: string): string[] {
  const unix = sql.replaceAll("\r\n", "\n");
  return [sql, unix, unix.replaceAll("\n", "\r\n")].map((text) => createHash("sha256").update(text).digest("hex"));
}

async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  await client.query(migration.sql).catch((error: Error) => {
    throw new FailedMigration(migration, error.message);
  });
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, clock_timestamp(), 1)`,
    rowOf(migration),
  );
}

/** Id, checksum and name of its row. */
function rowOf({ name, sql }: Migration): (string | undefined)[] {
  return [randomUUID(), checksums(sql)[0], name];
}

async function makeSchema(client: pg.Client, schema: string): Promise<void> {
  // Asked first: IF NOT EXISTS wants the right to make schemas even where there is nothing to make.
  const { rowCount } = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
  if (!rowCount) await client.query(`CREATE SCHEMA ${pg.escapeIdentifier(schema)}`);
  await client.query(`SET search_path = ${pg.escapeIdentifier(schema)}`);
}

/** Sets exactly the rights the app needs on what is ours, taking back what an earlier version may have given. */
async function grantAppRole(client: pg.Client, schema: string, appRole: string): Promise<void> {
  const role = pg.escapeIdentifier(appRole);
  const { rows } = await client.query<Ours>(OURS, [schema]);
  /** Nothing where nothing of the kind is there: SQL knows no empty list. */
  const onAll = (kind: Ours["kind"], statement: (names: string) => string) => {
    const names = rows.flatMap((row) => (row.kind === kind ? [row.name] : [])).join(", ");
    return names ? statement(`${kind} ${names}`) : "";
  };
  const appendOnly = APPEND_ONLY_TABLES.map((table) => pg.escapeIdentifier(table));
  await client.query(`
    ${onAll("TABLE", (names) => `REVOKE ALL ON ${names} FROM ${role};`)}
    GRANT USAGE ON SCHEMA ${pg.escapeIdentifier(schema)} TO ${role};
    ${onAll("TABLE", (names) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${names} TO ${role};`)}
    REVOKE UPDATE, DELETE ON ${appendOnly.join(", ")} FROM ${role};
    REVOKE INSERT, UPDATE, DELETE ON _prisma_migrations, _functions FROM ${role};
    ${onAll("SEQUENCE", (names) => `GRANT USAGE, SELECT ON ${names} TO ${role};`)}
    ${onAll("FUNCTION", (names) => `GRANT EXECUTE ON ${names} TO ${role};`)}
  `);
}

interface Ours {
  kind: "TABLE" | "SEQUENCE" | "FUNCTION";
  /** As SQL writes it. */
  name: string;
}

/** What this role made in the schema; what came with an extension is the extension's, whoever installed it. */
const OURS = `
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name
    FROM pg_class c
    WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND pg_has_role(c.relowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'FUNCTION', p.oid::regprocedure::text
    FROM pg_proc p
    WHERE p.pronamespace = $1::regnamespace AND p.prokind = 'f' AND pg_has_role(p.proowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`;

const INSUFFICIENT_PRIVILEGE = "42501";

/** A connection through a transaction pooler sends no startup parameters: its role has to know the schema. */
async function findSchemaThroughPooler(client: pg.Client, schema: string, pooledUrl: string): Promise<void> {
  const roleName = decodeURIComponent(new URL(pooledUrl).username);
  const role = pg.escapeIdentifier(roleName);
  const { rows } = await client.query<{ name: string }>("SELECT current_database() AS name");
  const database = pg.escapeIdentifier(rows[0]?.name ?? "");
  const statement = `ALTER ROLE ${role} IN DATABASE ${database} SET search_path = ${pg.escapeIdentifier(schema)}`;
  try {
    await client.query(statement);
  } catch (error) {
    if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    const { rowCount } = await client.query(
      `SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole JOIN pg_database d ON d.oid = s.setdatabase
        WHERE r.rolname = $1 AND d.datname = current_database() AND $2 = ANY (s.setconfig)`,
      [roleName, `search_path=${schema}`],
    );
    if (rowCount) return;
    throw new MigrationError(
      `The connection through the pooler cannot be told where our tables are. Ask whoever administers the database to run: ${statement}`,
    );
  }
}
