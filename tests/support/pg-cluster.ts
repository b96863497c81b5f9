import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { applyMigrations } from "@/lib/boot/migrate";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";

export interface TestCluster {
  /** Of the template database, migrated once; each test file clones it. */
  ownerUrl: string;
  appUrl: string;
  template: string;
}

declare module "vitest" {
  interface ProvidedContext {
    pg: TestCluster;
  }
}

/** One throwaway PostgreSQL for all files of the project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Not mkdtemp: its 0700 would shut out the user that PostgreSQL runs as under root.
  const dataDir = path.join(os.tmpdir(), `murph-test-pg-${randomBytes(8).toString("hex")}`);
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  const server = await startEmbeddedPostgres({ dataDir, scratch: true });
  // For a run that is broken off: the server stops itself then.
  process.once("exit", remove);
  const teardown = async () => {
    await server.stop();
    remove();
    process.off("exit", remove);
  };
  try {
    await applyMigrations(server.ownerUrl, { appRole: APP_ROLE });
    await closeTemplate(server.ownerUrl);
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("pg", { ownerUrl: server.ownerUrl, appUrl: server.appUrl, template: databaseOf(server.ownerUrl) });
  return teardown;
}

/** A database with open connections cannot be cloned. */
async function closeTemplate(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(ownerUrl, "postgres") });
  await client.connect();
  await client.query(`ALTER DATABASE ${databaseOf(ownerUrl)} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  await client.end();
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** The same connection to another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
