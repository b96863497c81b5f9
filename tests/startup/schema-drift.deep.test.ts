import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { diffMigrationsToSchema } from "@/lib/boot/schema-diff";

const schema = readFileSync("prisma/schema.prisma", "utf8");

test("db:check finds no drift between the migrations and the schema of this checkout", async () => {
  expect(await diffMigrationsToSchema(schema)).toBe("");
});

test("db:check names a column that no migration makes", async () => {
  const changed = schema.replace("  passwordHash ", '  nickname     String?   @map("nickname")\n  passwordHash ');
  expect(changed).not.toBe(schema);
  expect(await diffMigrationsToSchema(changed)).toContain('ALTER TABLE "users" ADD COLUMN     "nickname" TEXT');
});
