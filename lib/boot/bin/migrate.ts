import { migrateDatabase, openDatabase } from "@/lib/boot/database";
import { run } from "@/lib/boot/run";
import { sayOnConsole } from "@/lib/boot/say";
import { onShutdown } from "@/lib/boot/shutdown";
import { parseEnv } from "@/lib/env";

const FUNCTIONS = {
  applied: "The functions of this release are in place.",
  unchanged: "The functions are those of this release already.",
  kept:
    "The functions of a newer release are in place and stay. To have those of this one: " +
    "npm run db:migrate -- --functions",
};

/**
 * `npm run db:migrate`: applies what is missing, for deployments that migrate before they start the app. `--functions`:
 * makes the functions of this checkout whatever the database has, to mend a change by hand or to go back for good.
 */
run(async () => {
  const database = await openDatabase(parseEnv(process.env).env, sayOnConsole);
  onShutdown(database);
  const { migrations, functions } = await migrateDatabase(database, process.argv.includes("--functions"));
  for (const name of migrations) console.log(`applied ${name}`);
  console.log(migrations.length === 0 ? "No migration to apply." : `${migrations.length} applied.`);
  console.log(FUNCTIONS[functions]);
});
