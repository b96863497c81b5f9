import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "@/lib/boot/run";
import { diffMigrationsToSchema } from "@/lib/boot/schema-diff";

/** `npm run db:migrate:new NAME`: writes the migration that brings the database to what the schema says. */
run(async () => {
  const name = process.argv[2] ?? "";
  if (!/^[a-z][a-z0-9_]{0,60}$/.test(name)) {
    throw new Error("Usage: npm run db:migrate:new NAME (lower-case letters, digits, underscores)");
  }
  const sql = await diffMigrationsToSchema();
  if (!sql) throw new Error("The migrations make what the schema says already: nothing to write");
  const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const folder = path.join("prisma", "migrations", `${stamp}_${name}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, "migration.sql"), `${sql}\n`);
  console.log(`Wrote ${path.join(folder, "migration.sql")}: read it before it is applied.`);
});
