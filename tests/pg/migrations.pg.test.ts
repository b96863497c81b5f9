import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { applyMigrations, readMigrations } from "@/lib/boot/migrate";
import { MigrationError } from "@/lib/boot/migration-error";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { createTestDatabase } from "@/tests/support/database";

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function database() {
  const made = await createTestDatabase();
  onTestFinished(() => made.drop());
  return made;
}

const first = {
  name: "90000000000000_first",
  sql: "CREATE TABLE first_table (id int);\nINSERT INTO first_table VALUES (1);\n",
};
const broken = { name: "90000000000001_broken", sql: "CREATE TABLE second_table (id int); SELECT 1/0;" };
const third = { name: "90000000000002_third", sql: "CREATE TABLE third_table (id int);" };

describe("applyMigrations", () => {
  test("a migrated database has nothing left to apply", async () => {
    const { ownerUrl } = await database();
    expect(await applyMigrations(ownerUrl)).toEqual({ migrations: [], functions: "unchanged" });
  });

  test("its bookkeeping has one finished row a file, as prisma migrate keeps it", async () => {
    const { ownerUrl } = await database();
    const client = await connected(ownerUrl);
    const { rows } = await client.query(
      "SELECT migration_name, applied_steps_count, length(checksum) AS length FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name",
    );
    expect(rows).toEqual(
      readMigrations().map(({ name }) => ({ migration_name: name, applied_steps_count: 1, length: 64 })),
    );
  });

  test("two at once apply each file once", async () => {
    const { ownerUrl } = await database();
    const results = await Promise.all(
      [1, 2, 3].map(() => applyMigrations(ownerUrl, { migrations: [...readMigrations(), first], appRole: APP_ROLE })),
    );
    expect(results.flatMap(({ migrations }) => migrations)).toEqual([first.name]);
    expect(results.map(({ functions }) => functions).sort()).toEqual(["applied", "unchanged", "unchanged"]);
    const client = await connected(ownerUrl);
    expect((await client.query("SELECT id FROM first_table")).rows).toEqual([{ id: 1 }]);
  });

  test("a failing file leaves nothing behind, nor those before it, and blocks all until it is resolved", async () => {
    const { ownerUrl } = await database();
    const migrations = [...readMigrations(), first, broken, third];
    await expect(applyMigrations(ownerUrl, { migrations })).rejects.toThrow(
      /90000000000001_broken failed: division by zero/,
    );
    const client = await connected(ownerUrl);
    const tables = await client.query(
      "SELECT relname FROM pg_class WHERE relname IN ('first_table', 'second_table', 'third_table')",
    );
    expect(tables.rows).toEqual([]);
    const { rows } = await client.query("SELECT logs, finished_at FROM _prisma_migrations WHERE migration_name = $1", [
      broken.name,
    ]);
    expect(rows).toEqual([{ logs: "division by zero", finished_at: null }]);

    await expect(applyMigrations(ownerUrl, { migrations })).rejects.toThrow(MigrationError);
    await expect(applyMigrations(ownerUrl, { migrations })).rejects.toThrow(/90000000000001_broken failed earlier/);

    await client.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = $1", [broken.name]);
    const repaired = { name: broken.name, sql: "CREATE TABLE second_table (id int);" };
    expect(await applyMigrations(ownerUrl, { migrations: [...readMigrations(), first, repaired, third] })).toEqual({
      migrations: [first.name, broken.name, third.name],
      functions: "applied",
    });
  });

  test("a start that dies in the middle of a file leaves nothing behind: the next one applies it", async () => {
    const { ownerUrl } = await database();
    const dying = { ...first, sql: `${first.sql}SELECT pg_terminate_backend(pg_backend_pid());` };
    await expect(applyMigrations(ownerUrl, { migrations: [...readMigrations(), dying] })).rejects.toThrow();
    expect(await applyMigrations(ownerUrl, { migrations: [...readMigrations(), first] })).toEqual({
      migrations: [first.name],
      functions: "applied",
    });
  });

  test("a file changed after it was applied is refused, other line ends are not a change", async () => {
    const { ownerUrl } = await database();
    const migrations = [...readMigrations(), first];
    await applyMigrations(ownerUrl, { migrations });
    const crlf = { ...first, sql: first.sql.replaceAll("\n", "\r\n") };
    expect(await applyMigrations(ownerUrl, { migrations: [...readMigrations(), crlf] })).toEqual({
      migrations: [],
      functions: "unchanged",
    });
    const changed = { ...first, sql: `${first.sql}-- later thought\n` };
    await expect(applyMigrations(ownerUrl, { migrations: [...readMigrations(), changed] })).rejects.toThrow(
      /90000000000000_first was changed/,
    );
  });
});

describe("rights of the app role", () => {
  test.each(["events", "message_revisions"])("ATK99 %s: may be read and added to, never changed", async (table) => {
    const { appUrl } = await database();
    const client = await connected(appUrl);
    await client.query(`SELECT count(*) FROM ${table}`);
    const { rows } = await client.query(
      `SELECT has_table_privilege('${table}', 'INSERT') AS insert, has_any_column_privilege('${table}', 'UPDATE') AS update`,
    );
    expect(rows).toEqual([{ insert: true, update: false }]);
    const column = table === "events" ? "seq" : "rev";
    for (const statement of [
      `UPDATE ${table} SET ${column} = 1`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
      `DROP TABLE ${table} CASCADE`,
    ]) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("ATK99 the log refuses changes to its owner too", async () => {
    const { ownerUrl } = await database();
    const client = await connected(ownerUrl);
    await client.query(`
      INSERT INTO consultations (id, subject) VALUES ('11111111-1111-4111-8111-111111111111', 'a');
      INSERT INTO events (consultation_id, seq, type, at)
        VALUES ('11111111-1111-4111-8111-111111111111', 1, 'consultation.started', now());
    `);
    for (const statement of ["UPDATE events SET seq = 7", "DELETE FROM events", "TRUNCATE events"]) {
      await expect(client.query(statement), statement).rejects.toThrow();
    }
    expect((await client.query("SELECT seq FROM events")).rows).toEqual([{ seq: 1 }]);
  });

  test("it has no way around: no TRUNCATE anywhere, bookkeeping read-only, no new tables, no other database", async () => {
    const { appUrl } = await database();
    const client = await connected(appUrl);
    const { rows } = await client.query(
      "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND has_table_privilege(oid, 'TRUNCATE')",
    );
    expect(rows).toEqual([]);
    await client.query("SELECT count(*) FROM _prisma_migrations, _functions");
    for (const statement of [
      "DELETE FROM _prisma_migrations",
      "DELETE FROM _functions",
      "CREATE OR REPLACE FUNCTION iso(p_at timestamptz) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
      "CREATE TABLE mine (id int)",
      "CREATE DATABASE mine",
      "SET ROLE murph_owner",
    ]) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: "42501" });
    }
    const superuser = await client.query(
      "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    );
    expect(superuser.rows).toEqual([{ rolsuper: false, rolcreatedb: false, rolcreaterole: false }]);
  });

  test("rights that were given by hand are taken back at the next start", async () => {
    const { ownerUrl, appUrl } = await database();
    const owner = await connected(ownerUrl);
    await owner.query(`GRANT ALL ON events TO ${APP_ROLE}`);
    await applyMigrations(ownerUrl, { appRole: APP_ROLE });
    const client = await connected(appUrl);
    await expect(client.query("TRUNCATE events CASCADE")).rejects.toMatchObject({ code: "42501" });
    await expect(client.query("DELETE FROM events")).rejects.toMatchObject({ code: "42501" });
  });
});
