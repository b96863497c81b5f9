import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { applyMigrations } from "@/lib/boot/migrate";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { runtime, setRuntime } from "@/lib/runtime";
import { sendMessage } from "@/lib/server/commands/send-message";
import { disconnectDb } from "@/lib/server/db";
import { readEvents } from "@/lib/server/queries/read-events";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { useTestRuntime } from "@/tests/support/database";
import { clusterOf } from "@/tests/support/processes";
import { createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();

/** A PostgreSQL of its own whose files can be put aside and put back. */
async function startOwnPostgres() {
  const dataDir = path.join(os.tmpdir(), `murph-test-restore-${randomBytes(8).toString("hex")}`);
  const before = runtime();
  let server: EmbeddedPostgres | null = null;
  const start = async () => {
    server = await startEmbeddedPostgres({ dataDir, scratch: true });
    setRuntime({ ...before, databaseUrl: server.appUrl, databaseDirectUrl: server.appUrl });
    return server;
  };
  const stop = async () => {
    await disconnectDb();
    await server?.stop();
    server = null;
  };
  onTestFinished(async () => {
    await stop();
    setRuntime(before);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  await applyMigrations((await start()).ownerUrl, { appRole: APP_ROLE });
  const cluster = clusterOf(dataDir);
  const backup = `${cluster}.backup`;
  return {
    cluster,
    start,
    stop,
    // Owner and rights of the files belong to it.
    backUp: () => execFileSync("cp", ["-a", cluster, backup]),
    putBack() {
      rmSync(cluster, { recursive: true, force: true });
      execFileSync("cp", ["-a", backup, cluster]);
    },
  };
}

it("F39 RCV4 a restore with recovery begins another epoch by itself; a mere copy of the files is seen by what it lacks", async () => {
  const postgres = await startOwnPostgres();
  const { patient, consultationId } = await createWorld();
  await sendMessage(patient, messageOf(consultationId, "before the backup"));
  await postgres.stop();
  postgres.backUp();
  await postgres.start();
  await sendMessage(patient, messageOf(consultationId, "lost by the restore"));
  const second = await sendMessage(patient, messageOf(consultationId, "lost by the restore"));
  const { epoch } = await readSnapshot(patient, consultationId);
  const ahead = { after: 3, afterAt: second.event.at, limit: 10 };
  expect(await readEvents(patient, consultationId, { ...ahead, epoch })).toMatchObject({ events: [], headSeq: 3 });

  // Files put back without telling anybody: the same cluster and timeline, so the same epoch.
  await postgres.stop();
  postgres.putBack();
  await postgres.start();
  expect((await readSnapshot(patient, consultationId)).epoch).toBe(epoch);
  expect(await readEvents(patient, consultationId, { ...ahead, epoch })).toMatchObject({ reset: true, headSeq: 1 });
  for (const content of ["other words", "under the same", "numbers"]) {
    await sendMessage(patient, messageOf(consultationId, content));
  }
  expect(await readEvents(patient, consultationId, { ...ahead, epoch })).toMatchObject({ reset: true, headSeq: 4 });

  // A restore as PostgreSQL means it ends on a timeline of its own.
  await postgres.stop();
  postgres.putBack();
  writeFileSync(path.join(postgres.cluster, "recovery.signal"), "");
  appendFileSync(
    path.join(postgres.cluster, "postgresql.auto.conf"),
    "\nrestore_command = 'false'\nhot_standby = off\n",
  );
  await postgres.start();
  expect((await readSnapshot(patient, consultationId)).epoch).not.toBe(epoch);
  for (const content of ["other words", "under the same", "numbers"]) {
    await sendMessage(patient, messageOf(consultationId, content));
  }
  // Without the time of its last event a client is still known by its epoch.
  expect(await readEvents(patient, consultationId, { after: 3, limit: 10, epoch })).toMatchObject({ reset: true });
}, 60_000);
