import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { functionDrift } from "@/lib/boot/function-drift";
import { applyMigrations } from "@/lib/boot/migrate";
import { diffMigrationsToSchema, withReferenceDatabase } from "@/lib/boot/schema-diff";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { query, startEntry, temporaryDataDir } from "@/tests/support/processes";

const schema = readFileSync("prisma/schema.prisma", "utf8");

test("db:check finds no drift between the migrations and the schema of this checkout", async () => {
  expect(await diffMigrationsToSchema(schema)).toBe("");
});

test("db:check names a column that no migration makes", async () => {
  const changed = schema.replace("  passwordHash ", '  nickname     String?   @map("nickname")\n  passwordHash ');
  expect(changed).not.toBe(schema);
  expect(await diffMigrationsToSchema(changed)).toContain('ALTER TABLE "users" ADD COLUMN     "nickname" TEXT');
});

test("db:check names functions that were changed, dropped or added in the database by hand, and they are made again", async () => {
  const dataDir = temporaryDataDir();
  const server = await startEmbeddedPostgres({ dataDir, scratch: true });
  onTestFinished(() => server.stop());
  await withReferenceDatabase(async (referenceUrl) => {
    expect(await functionDrift(server.ownerUrl, referenceUrl)).toBeNull();
    await applyMigrations(server.ownerUrl);
    expect(await functionDrift(server.ownerUrl, referenceUrl)).toEqual([]);

    for (const statement of [
      "CREATE OR REPLACE FUNCTION is_practitioner(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'",
      "ALTER FUNCTION take_turn(uuid) SET work_mem = '64MB'",
      "DROP FUNCTION prune_mail()",
      "CREATE FUNCTION by_hand(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    ]) {
      await query(server.ownerUrl, statement);
    }
    expect(await functionDrift(server.ownerUrl, referenceUrl)).toEqual([
      "by_hand(text) is in no file of prisma/functions",
      "is_practitioner(uuid) is not as prisma/functions has it",
      "prune_mail() is missing",
      "take_turn(uuid) is not as prisma/functions has it",
    ]);

    const env = { MURPH_DATA_DIR: dataDir };
    const found = startEntry("lib/boot/bin/db-check.ts", { env });
    expect(await found.exited()).toEqual({ code: 1, signal: null });
    expect(found.output()).toMatch(/by_hand\(text\)[\s\S]*is_practitioner\(uuid\)[\s\S]*prune_mail\(\) is missing/);

    const mended = startEntry("lib/boot/bin/migrate.ts", { env, args: ["--functions"] });
    expect(await mended.exited()).toEqual({ code: 0, signal: null });
    expect(await functionDrift(server.ownerUrl, referenceUrl)).toEqual([
      "by_hand(text) is in no file of prisma/functions",
    ]);
  });
});
