import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { readFunctions, type SqlFunction } from "@/lib/boot/functions";
import { type TestCluster, withDatabase } from "@/tests/support/pg-cluster";
import { type SqlPlant, withoutSafeguard } from "./plant";

/** A template whose function lacks its safeguard, for `run`; test files clone it as they clone the true one. */
export async function withPlantedTemplate<T>(plant: SqlPlant, run: (cluster: TestCluster) => Promise<T>): Promise<T> {
  const cluster = inject("pg");
  const template = `planted_${randomBytes(8).toString("hex")}`;
  await query(
    withDatabase(cluster.ownerUrl, "postgres"),
    `CREATE DATABASE ${template} TEMPLATE ${cluster.template} STRATEGY file_copy`,
  );
  try {
    const ownerUrl = withDatabase(cluster.ownerUrl, template);
    await query(ownerUrl, withoutSafeguard(plant, sourceOf(plant.sqlFunction).sql));
    return await run({ ...cluster, template });
  } finally {
    // Sends autovacuum away and waits for sessions that are ending; by force it would be refused on their account.
    await query(withDatabase(cluster.ownerUrl, "postgres"), `DROP DATABASE ${template}`);
  }
}

export function sourceOf(sqlFunction: string): SqlFunction {
  const source = readFunctions([]).all.find(({ name }) => name === sqlFunction);
  if (!source) throw new Error(`stale plant: no function ${sqlFunction}`);
  return source;
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
