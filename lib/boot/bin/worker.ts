import { boot } from "@/lib/boot/boot";
import { run } from "@/lib/boot/run";
import { isEmbeddedPostgresRunning } from "@/lib/embedded/postgres/start";
import { parseEnv } from "@/lib/env";

/** `npm run worker`: the relay alone, for apps that run with MURPH_RELAY=off or simply beside them. */
run(async () => {
  const { env } = parseEnv(process.env);
  if (env.database.kind === "embedded" && !isEmbeddedPostgresRunning(env.dataDir)) {
    throw new Error(
      `There is nothing to work for: no Murph runs on the data folder ${env.dataDir}. Start the app first, ` +
        "or set DATABASE_URL and the PUSHER_* variables to those of the app.",
    );
  }
  await boot({ worker: true });
  console.log("The relay works. Stop it with Ctrl-C.");
  // The relay's timer does not hold the process; a signal ends it.
  await new Promise(() => setInterval(() => undefined, 60_000));
});
