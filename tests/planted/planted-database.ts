import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { type TestCluster, withDatabase } from "@/tests/support/pg-cluster";
import { type SqlPlant, withoutSafeguard } from "./plant";

/**
 * A template whose function lacks its safeguard, for `run`; test files clone it as they clone the true one. The
 * database is asked for the function, so what counts is its newest definition, whichever migration that is in.
 */
export async function withPlantedTemplate<T>(plant: SqlPlant, run: (cluster: TestCluster) => Promise<T>): Promise<T> {
  const cluster = inject("pg");
  const template = `planted_${randomBytes(8).toString("hex")}`;
  await query(
    withDatabase(cluster.ownerUrl, "postgres"),
    `CREATE DATABASE ${template} TEMPLATE ${cluster.template} STRATEGY file_copy`,
  );
  try {
    const ownerUrl = withDatabase(cluster.ownerUrl, template);
    await query(ownerUrl, withoutSafeguard(plant, await definitionOf(ownerUrl, plant.sqlFunction)));
    return await run({ ...cluster, template });
  } finally {
    // Sends autovacuum away and waits for sessions that are ending; by force it would be refused on their account.
    await query(withDatabase(cluster.ownerUrl, "postgres"), `DROP DATABASE ${template}`);
  }
}

async function definitionOf(url: string, name: string): Promise<string> {
  const [row] = await query(
    url,
    "SELECT pg_get_functiondef(coalesce(to_regprocedure($1), to_regproc($1))) AS definition",
    [name],
  );
  if (typeof row?.definition !== "string") throw new Error(`stale plant: no function ${name}`);
  return row.definition;
}

async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
