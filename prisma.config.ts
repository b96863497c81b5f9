import { defineConfig } from "prisma/config";

// These commands work on the schema file alone but would download an engine first; any executable satisfies the check.
const command = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
if (["generate", "validate", "format"].includes(command ?? "")) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
}

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_OWNER_URL ?? process.env.DATABASE_URL ?? "" },
});
