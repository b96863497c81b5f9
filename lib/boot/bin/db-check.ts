import { openDatabase } from "@/lib/boot/database";
import { functionDrift } from "@/lib/boot/function-drift";
import { run } from "@/lib/boot/run";
import { sayOnConsole } from "@/lib/boot/say";
import { diffDatabaseToSchema, withReferenceDatabase } from "@/lib/boot/schema-diff";
import { onShutdown } from "@/lib/boot/shutdown";
import { isEmbeddedPostgresRunning } from "@/lib/embedded/postgres/start";
import { parseEnv } from "@/lib/env";

/**
 * `npm run db:check`: exit code 1 and the difference when schema and migrations have drifted apart, or functions were
 * changed in the database by hand. `--sources`: looks at this checkout alone, not at any database.
 */
run(() =>
  withReferenceDatabase(async (referenceUrl) => {
    const difference = await diffDatabaseToSchema(referenceUrl);
    if (difference) throw new Error(`prisma/schema.prisma and prisma/migrations have drifted apart:\n\n${difference}`);
    console.log("The migrations make what the schema says.");
    if (!process.argv.includes("--sources")) await checkFunctions(referenceUrl);
  }),
);

async function checkFunctions(referenceUrl: string): Promise<void> {
  const { env } = parseEnv(process.env);
  if (env.database.kind === "embedded" && !isEmbeddedPostgresRunning(env.dataDir)) {
    console.log("No database is running, so the functions of none were looked at.");
    return;
  }
  const database = await openDatabase(env, sayOnConsole);
  onShutdown(database);
  const drift = await functionDrift(database.ownerUrl, referenceUrl);
  if (drift === null) {
    console.log(`${database.place} has the functions of another release: npm run db:migrate brings it to this one.`);
  } else if (drift.length > 0) {
    throw new Error(
      `Functions of ${database.place} were changed by hand:\n\n${drift.join("\n")}\n\n` +
        "npm run db:migrate -- --functions makes those of prisma/functions again; what is in no file stays.",
    );
  } else console.log(`The functions of ${database.place} are those of prisma/functions.`);
}
