import pg from "pg";
import { schemaOf } from "@/lib/database-url";

interface Read {
  /** Of the release whose functions were made last; null: no release has made any. */
  digest: string | null;
  definitions: Map<string, string>;
  /** What some release made; of these the last but one may still be there for processes that call it. */
  recorded: Set<string>;
}

/**
 * What somebody changed by hand in the functions of a database, one line each with the function's name. `referenceUrl`: a
 * database that holds what this checkout makes. Null: that one has those of another release, or none.
 */
export async function functionDrift(url: string, referenceUrl: string): Promise<string[] | null> {
  const [actual, expected] = await Promise.all([readFunctionsOf(url), readFunctionsOf(referenceUrl)]);
  if (actual.digest !== expected.digest) return null;
  const drift: string[] = [];
  for (const [signature, definition] of expected.definitions) {
    const found = actual.definitions.get(signature);
    if (found === undefined) drift.push(`${signature} is missing`);
    else if (found !== definition) drift.push(`${signature} is not as prisma/functions has it`);
  }
  for (const signature of actual.definitions.keys()) {
    if (expected.definitions.has(signature) || actual.recorded.has(signature)) continue;
    drift.push(`${signature} is in no file of prisma/functions`);
  }
  return drift.sort();
}

async function readFunctionsOf(url: string): Promise<Read> {
  const schema = schemaOf(url);
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(`SET search_path = ${pg.escapeIdentifier(schema)}`);
    const { rows: known } = await client.query("SELECT to_regclass('_functions') IS NOT NULL AS kept");
    if (!known[0].kept) return { digest: null, definitions: new Map(), recorded: new Set() };
    const { rows: releases } = await client.query<{ digest: string; signatures: string[] }>(
      "SELECT digest, signatures FROM _functions ORDER BY applied_at DESC",
    );
    const { rows } = await client.query<{ signature: string; definition: string }>(DEFINITIONS, [schema]);
    return {
      digest: releases[0]?.digest ?? null,
      definitions: new Map(rows.map(({ signature, definition }) => [signature, definition])),
      recorded: new Set(releases.flatMap(({ signatures }) => signatures)),
    };
  } finally {
    await client.end();
  }
}

/** Each function of ours with what makes it what it is, in words that every version of PostgreSQL puts alike. */
const DEFINITIONS = `
  SELECT p.oid::regprocedure::text AS signature, jsonb_build_array(
      pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, p.prosrc, p.provolatile,
      p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, p.proconfig, p.procost, p.prorows)::text AS definition
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = $1::regnamespace AND pg_has_role(p.proowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`;
