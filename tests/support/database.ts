import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { disconnectDb } from "@/lib/server/db";
import { setIdleRuntime } from "@/tests/support/idle-runtime";
import { withDatabase } from "@/tests/support/pg-cluster";

export interface TestDatabase {
  ownerUrl: string;
  appUrl: string;
  drop(): Promise<void>;
}

/** An empty, migrated database of its own, cloned from the template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const cluster = inject("pg");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administrate(`CREATE DATABASE ${name} TEMPLATE ${cluster.template} STRATEGY file_copy`);
  return {
    ownerUrl: withDatabase(cluster.ownerUrl, name),
    appUrl: withDatabase(cluster.appUrl, name),
    // Waits for sessions that are ending. By force it could not: the owner may not end those of the app's role.
    drop: () => administrate(`DROP DATABASE ${name}`),
  };
}

async function administrate(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(inject("pg").ownerUrl, "postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * Gives the file a database and a runtime that points to it, as boot would have left them, without any Pusher.
 */
export function useTestRuntime(environment: Record<string, string> = {}): () => TestDatabase {
  let database: TestDatabase | null = null;
  beforeAll(async () => {
    database = await createTestDatabase();
    setIdleRuntime({
      environment,
      databaseUrl: database.appUrl,
      nextAuthSecret: "test-secret-test-secret-test-secret",
    });
  });
  afterAll(async () => {
    await disconnectDb();
    // Word of the last append to other relays, sent off the request path, may have connected once more.
    await database?.drop().catch(async () => {
      await disconnectDb();
      await database?.drop();
    });
  });
  return () => {
    if (!database) throw new Error("The test database exists from beforeAll on");
    return database;
  };
}
