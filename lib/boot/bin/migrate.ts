import { migrateDatabase, openDatabase } from "@/lib/boot/database";
import { run } from "@/lib/boot/run";
import { sayOnConsole } from "@/lib/boot/say";
import { onShutdown } from "@/lib/boot/shutdown";
import { parseEnv } from "@/lib/env";

/** `npm run db:migrate`: applies what is missing, for deployments that migrate before they start the app. */
run(async () => {
  const database = await openDatabase(parseEnv(process.env).env, sayOnConsole);
  onShutdown(database);
  const applied = await migrateDatabase(database);
  for (const name of applied) console.log(`applied ${name}`);
  console.log(applied.length === 0 ? "Nothing to apply." : `${applied.length} applied.`);
});
