import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type pg from "pg";
import { MigrationError } from "./migration-error";

/** A function of the database, as prisma/functions has it. */
export interface SqlFunction {
  name: string;
  /** Under prisma/functions. */
  file: string;
  sql: string;
}

/** The functions of one release. */
export interface Functions {
  all: SqlFunction[];
  /** Of the release: its number, its migrations and the text of its functions. */
  digest: string;
}

const FUNCTION = /^CREATE OR REPLACE FUNCTION (\w+)\([\s\S]*?\$\$;$/gm;

/** The functions of this checkout. Throws where a file holds anything else, or a function is written twice. */
export function readFunctions(migrationNames: string[]): Functions {
  const folder = path.join(/*turbopackIgnore: true*/ process.cwd(), "prisma", "functions");
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  const all = files.flatMap((file) => functionsIn(file, readFileSync(path.join(folder, file), "utf8")));
  const manifest = path.join(/*turbopackIgnore: true*/ process.cwd(), "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return functionsOf(all, [version, ...migrationNames]);
}

/** `release`: whatever makes these functions other ones though their text is the same. */
export function functionsOf(all: SqlFunction[], release: string[]): Functions {
  const places = new Map<string, string>();
  for (const { name, file } of all) {
    const other = places.get(name);
    if (other) throw new MigrationError(`The function ${name} is written twice: in ${other} and ${file}.`);
    places.set(name, file);
  }
  const parts = [...release, ...all.map(({ sql }) => sql)];
  return { all, digest: createHash("sha256").update(parts.join("\0")).digest("hex") };
}

export function functionsIn(file: string, text: string): SqlFunction[] {
  const unix = text.replaceAll("\r\n", "\n");
  const rest = unix.replace(FUNCTION, "").replace(/^--.*$/gm, "");
  if (rest.trim()) {
    const line = rest.trim().split("\n")[0];
    throw new MigrationError(`prisma/functions/${file} may hold functions and comments only, not: ${line}`);
  }
  return [...unix.matchAll(FUNCTION)].map(([sql, name = ""]) => ({ name, file, sql }));
}

/**
 * "kept": the database has those of a newer release already, and this is a process of an older one that starts again in
 * the middle of a deploy. It finds what it calls there (dropUnnamed), and must not put its own back.
 */
export type FunctionsApplied = "applied" | "unchanged" | "kept";

const CREATE_BOOKKEEPING = `
  CREATE TABLE IF NOT EXISTS _functions (
    digest VARCHAR(64) PRIMARY KEY NOT NULL,
    signatures TEXT[] NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ NOT NULL
  )`;

/**
 * What is to be done about the functions, in the transaction of the migrations and under their lock. Where something is,
 * what triggers run is made at once, for migrations to name it; everything else needs the tables (applyFunctions).
 */
export async function beginFunctions(
  client: pg.Client,
  { all, digest }: Functions,
  putBack: boolean,
): Promise<FunctionsApplied> {
  await client.query(CREATE_BOOKKEEPING);
  const { rows } = await client.query<{ digest: string }>("SELECT digest FROM _functions ORDER BY applied_at DESC");
  await client.query("UPDATE _functions SET started_at = clock_timestamp() WHERE digest = $1", [digest]);
  if (rows[0]?.digest === digest && !putBack) return "unchanged";
  if (rows.some((row) => row.digest === digest) && !putBack) return "kept";
  await create(
    client,
    all.filter(({ sql }) => /\bRETURNS trigger\b/.test(sql)),
  );
  return "applied";
}

/** Makes all functions, lets the database check each, and drops what no release that may be running names. */
export async function applyFunctions(client: pg.Client, schema: string, { all, digest }: Functions): Promise<void> {
  const { rows: foreign } = await client.query<{ signature: string }>(
    `SELECT p.oid::regprocedure::text AS signature FROM pg_proc p
      WHERE p.pronamespace = $1::regnamespace AND p.xmin <> pg_current_xact_id()::xid
        AND p.oid::regprocedure::text NOT IN (SELECT unnest(signatures) FROM _functions)`,
    [schema],
  );
  await create(client, all);
  const made = await readMade(client, schema);
  for (const { signature } of foreign) {
    if (made.some((one) => one.signature === signature)) {
      throw new MigrationError(`The schema ${schema} has a function ${signature} already that Murph did not make.`);
    }
  }
  await checkBodies(client, made);
  await client.query(
    `INSERT INTO _functions (digest, signatures, applied_at, started_at)
      VALUES ($1, $2, clock_timestamp(), clock_timestamp())
      ON CONFLICT (digest) DO UPDATE SET signatures = $2, applied_at = clock_timestamp()`,
    [digest, made.map(({ signature }) => signature)],
  );
  await dropUnnamed(client, schema);
}

/** Their bodies are looked at later (checkBodies), so that they may name each other in any order. */
async function create(client: pg.Client, functions: SqlFunction[]): Promise<void> {
  await client.query("SET LOCAL check_function_bodies = off");
  for (const { name, file, sql } of functions) {
    await client.query(sql).catch((error: Error) => {
      throw new MigrationError(`The function ${name} of prisma/functions/${file} failed: ${error.message}`);
    });
  }
}

interface Made {
  oid: string;
  signature: string;
  /** Of its language: what looks at a function's body. */
  validator: string;
}

/** The functions that this transaction has made or replaced. */
async function readMade(client: pg.Client, schema: string): Promise<Made[]> {
  const { rows } = await client.query<Made>(
    `SELECT p.oid::text AS oid, p.oid::regprocedure::text AS signature, l.lanvalidator::regproc::text AS validator
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
      WHERE p.pronamespace = $1::regnamespace AND p.xmin = pg_current_xact_id()::xid
      ORDER BY 2`,
    [schema],
  );
  return rows;
}

async function checkBodies(client: pg.Client, made: Made[]): Promise<void> {
  await client.query("SET LOCAL check_function_bodies = on");
  for (const { oid, signature, validator } of made) {
    await client.query(`SELECT ${validator}($1::oid)`, [oid]).catch((error: Error) => {
      throw new MigrationError(`The function ${signature} of prisma/functions failed: ${error.message}`);
    });
  }
}

/**
 * What some release made and neither this one names nor the one that started last before it: processes of that may still
 * be running. Only what the bookkeeping has, so nothing of anybody else.
 */
async function dropUnnamed(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ signature: string }>(
    `WITH newest AS (
      SELECT * FROM _functions ORDER BY applied_at DESC LIMIT 1
    ), before AS (
      SELECT * FROM _functions WHERE digest <> (SELECT digest FROM newest) ORDER BY started_at DESC LIMIT 1
    )
    SELECT p.oid::regprocedure::text AS signature FROM pg_proc p
      WHERE p.pronamespace = $1::regnamespace
        AND p.oid::regprocedure::text IN (SELECT unnest(signatures) FROM _functions)
        AND p.oid::regprocedure::text NOT IN (
          SELECT unnest(signatures) FROM newest UNION ALL SELECT unnest(signatures) FROM before)`,
    [schema],
  );
  for (const { signature } of rows) await client.query(`DROP FUNCTION ${signature}`);
}
