import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { parseEnv } from "@/lib/env";
import { setRuntime } from "@/lib/runtime";
import { disconnectDb } from "@/lib/server/db";
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
    drop: () => administrate(`DROP DATABASE ${name} WITH (FORCE)`),
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
 * Gives the file a database and a runtime that points to it, as boot would have left them. The Pusher values lead
 * nowhere (a reserved port): tests that publish start a server and set their own.
 */
export function useTestRuntime(environment: Record<string, string> = {}): () => TestDatabase {
  let database: TestDatabase | null = null;
  beforeAll(async () => {
    database = await createTestDatabase();
    setRuntime({
      env: parseEnv(environment).env,
      databaseUrl: database.appUrl,
      databaseDirectUrl: database.appUrl,
      nextAuthSecret: "test-secret-test-secret-test-secret",
      pusher: {
        appId: "test-app",
        key: "test-key",
        secret: "test-secret",
        cluster: null,
        host: "127.0.0.1",
        port: 1,
        useTLS: false,
        encryptionMasterKeyBase64: null,
      },
      publicPusher: { key: "test-key", cluster: null, wsHost: null, wsPort: null, forceTLS: false, encrypted: false },
      channelsPort: null,
    });
  });
  afterAll(async () => {
    await disconnectDb();
    await database?.drop();
  });
  return () => {
    if (!database) throw new Error("The test database exists from beforeAll on");
    return database;
  };
}
