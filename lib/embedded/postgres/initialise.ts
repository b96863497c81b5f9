import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { DEFAULT_SCHEMA } from "@/lib/database-url";
import type { Binaries } from "./binaries";
import type { OsUser } from "./os-user";
import { serverEnvironment } from "./postmaster";

export const SUPERUSER = "postgres";
export const OWNER_ROLE = "murph_owner";
export const APP_ROLE = "murph_app";
export const DATABASE = "murph";

/** Makes the cluster. It appears under its name only when complete, so an interrupted attempt leaves nothing half done. */
export async function initialiseCluster(options: {
  binaries: Binaries;
  user: OsUser | null;
  cluster: string;
  superuserPassword: string;
  sync: boolean;
}): Promise<void> {
  const { binaries, user, cluster } = options;
  const making = `${cluster}.new`;
  fs.rmSync(making, { recursive: true, force: true });
  fs.mkdirSync(making, { mode: 0o700 });
  const passwordFile = path.join(os.tmpdir(), `murph-initdb-${randomBytes(8).toString("hex")}`);
  fs.writeFileSync(passwordFile, `${options.superuserPassword}\n`, { mode: 0o600, flag: "wx" });
  if (user) {
    fs.chownSync(making, user.uid, user.gid);
    fs.chownSync(passwordFile, user.uid, user.gid);
  }
  const umask = process.umask(0o022);
  try {
    const flags = [
      `--pgdata=${making}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // With plain C neither lower() nor text search knows umlauts.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      ...(options.sync ? [] : ["--no-sync"]),
    ];
    const running = promisify(execFile)(binaries.initdb, flags, {
      ...(user && { uid: user.uid, gid: user.gid }),
      env: serverEnvironment(),
      windowsHide: true,
    });
    process.umask(umask);
    const end = () => {
      running.child.kill("SIGKILL");
      fs.rmSync(passwordFile, { force: true });
    };
    process.once("exit", end);
    await running.finally(() => process.off("exit", end));
  } catch (error) {
    fs.rmSync(making, { recursive: true, force: true });
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`PostgreSQL could not make its files in ${cluster}: ${said || (error as Error).message}`);
  } finally {
    process.umask(umask);
    fs.rmSync(passwordFile, { force: true });
  }
  // An empty folder of that name may be there; a filled one was refused before.
  if (fs.existsSync(cluster)) fs.rmdirSync(cluster);
  fs.renameSync(making, cluster);
}

/** Makes the two roles and the database where they are missing; repeats are harmless. */
export async function prepareDatabase(
  client: pg.Client,
  passwords: { ownerPassword: string; appPassword: string },
  options: { ownerMakesDatabases: boolean },
): Promise<void> {
  const ownerRights = options.ownerMakesDatabases ? "LOGIN CREATEDB" : "LOGIN";
  for (const [role, rights, password] of [
    [OWNER_ROLE, ownerRights, passwords.ownerPassword],
    [APP_ROLE, "LOGIN", passwords.appPassword],
  ] as const) {
    const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
    const verb = rowCount ? "ALTER" : "CREATE";
    await client.query(`${verb} ROLE ${role} ${rights} PASSWORD ${pg.escapeLiteral(password)}`);
  }
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
  if (!rowCount) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER_ROLE}`);
  // For whoever looks into it by hand: the app's own connections name their schema themselves.
  await client.query(`ALTER DATABASE ${DATABASE} SET search_path = ${DEFAULT_SCHEMA}, public`);
  await client.query(`REVOKE ALL ON DATABASE ${DATABASE} FROM PUBLIC`);
  await client.query(`GRANT CONNECT ON DATABASE ${DATABASE} TO ${APP_ROLE}`);
}
