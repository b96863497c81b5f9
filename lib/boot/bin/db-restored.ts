import pg from "pg";
import { migrateDatabase, openDatabase } from "@/lib/boot/database";
import { run } from "@/lib/boot/run";
import { sayOnConsole } from "@/lib/boot/say";
import { onShutdown } from "@/lib/boot/shutdown";
import { parseEnv } from "@/lib/env";

/**
 * `npm run db:restored`: to be run after a backup was put back. The log then has other events under numbers that
 * clients may know already; a new epoch makes them forget and load again.
 */
run(async () => {
  const database = await openDatabase(parseEnv(process.env).env, sayOnConsole);
  onShutdown(database);
  await migrateDatabase(database);
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ restores: number }>(
      "UPDATE log_identity SET restores = restores + 1 RETURNING restores",
    );
    // A relay that held a lease when the backup was put back must not move a cursor over events that it never saw: its
    // fence may be the one that the backup brought back.
    await client.query(
      "UPDATE publication_cursors SET lease_fence = lease_fence + 1000000, lease_owner = NULL, lease_until = NULL",
    );
    console.log(`A new epoch of the log has begun (restore ${rows[0]?.restores}). Clients load everything again.`);
  } finally {
    await client.end();
  }
});
