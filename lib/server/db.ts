import "server-only";
import { createHash } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import { schemaOf } from "@/lib/database-url";
import { PrismaClient } from "@/lib/generated/prisma/client";
import { runtime } from "@/lib/runtime";
import { logger } from "./log";

const holder = globalThis as { __murphDb?: { url: string; client: PrismaClient } };

/** The app's database: one pool a process, made at first use, made anew when boot found the database elsewhere. */
export function db(): PrismaClient {
  const { databaseUrl, databaseDirectUrl } = runtime();
  if (holder.__murphDb?.url !== databaseUrl) {
    void holder.__murphDb?.client.$disconnect();
    holder.__murphDb = { url: databaseUrl, client: connect(databaseUrl, databaseDirectUrl) };
  }
  return holder.__murphDb.client;
}

/** Ends the pool; for the end of a process and of a test. */
export async function disconnectDb(): Promise<void> {
  const current = holder.__murphDb;
  delete holder.__murphDb;
  await current?.client.$disconnect();
}

function connect(connectionString: string, directUrl: string): PrismaClient {
  const behindPooler = directUrl !== connectionString;
  const adapter = new PrismaPg(
    {
      connectionString,
      max: 10,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 60_000,
      // A statement that waits longer is answered 503 and retried by the client with the same id. A lock is waited for
      // in short turns (sql-function.ts), so that a connection is not kept from others for one row's sake.
      statement_timeout: 6_000,
      lock_timeout: 2_000,
      // Where the network went away without a word the statement timeout does not come: the connection is dropped, in
      // time for an answer before the client gives up after ten seconds.
      query_timeout: 8_000,
      keepAlive: true,
      application_name: "murph",
    },
    {
      schema: schemaOf(directUrl),
      // Planned once a connection. Behind a transaction pooler a named statement may meet another connection.
      ...(behindPooler ? {} : { statementNameGenerator: (query) => statementName(query.sql) }),
      // Without a listener a restart of PostgreSQL would end this process.
      onPoolError: (error) => logger().warn({ err: error }, "database connection lost"),
      onConnectionError: (error) => logger().warn({ err: error }, "database connection lost"),
    },
  );
  return new PrismaClient({ adapter });
}

const statementNames = new Map<string, string>();

function statementName(sql: string): string {
  let name = statementNames.get(sql);
  if (name === undefined) {
    name = `murph_${createHash("sha256").update(sql).digest("hex").slice(0, 24)}`;
    statementNames.set(sql, name);
  }
  return name;
}
