import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import * as z from "zod";
import { POSTGRES_MAJOR } from "./binaries";
import { canReach, type OsUser, SHARED_ROOT } from "./os-user";

const settingsSchema = z.object({
  /** Set only where PostgreSQL's user cannot reach this folder: the cluster lies there instead of beside this file. */
  clusterElsewhere: z.string().nullable(),
  /** True once the cluster was made: then its absence means lost data, never a fresh start. */
  created: z.boolean(),
  port: z.int(),
  superuserPassword: z.string(),
  ownerPassword: z.string(),
  appPassword: z.string(),
});
export type Settings = z.infer<typeof settingsSchema>;

export interface Layout {
  dataDir: string;
  settingsFile: string;
  startLock: string;
  presence: string;
  log: string;
}

const DEFAULT_PORT = 54_329;
const OWNER_NOTE = "belongs-to.txt";

export function layoutOf(dataDir: string): Layout {
  const root = path.resolve(/*turbopackIgnore: true*/ dataDir);
  return {
    dataDir: root,
    settingsFile: path.join(root, "postgres.json"),
    startLock: path.join(root, "postgres-start.lock"),
    presence: path.join(root, "postgres-users"),
    log: path.join(root, "postgres.log"),
  };
}

/** Makes the data folder. Secrets in it are 0600; root leaves the folder passable for PostgreSQL's own user. */
export function makeDataDir(layout: Layout, user: OsUser | null): void {
  const stat = fs.statSync(layout.dataDir, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) throw new Error(`${layout.dataDir} is a file: MURPH_DATA_DIR must name a folder`);
  if (stat) return;
  fs.mkdirSync(layout.dataDir, { recursive: true });
  fs.chmodSync(layout.dataDir, user ? 0o711 : 0o700);
}

/** Reads the settings of an earlier start or makes new ones. Refuses folders that are not ours. */
export function readSettings(layout: Layout, user: OsUser | null, onProblem: (problem: string) => void): Settings {
  if (fs.existsSync(path.join(layout.dataDir, "PG_VERSION"))) {
    throw new Error(`${layout.dataDir} is a PostgreSQL cluster of its own. Set MURPH_DATA_DIR to another folder.`);
  }
  if (fs.existsSync(layout.settingsFile)) return readExisting(layout);
  const beside = path.join(layout.dataDir, "postgres");
  if (fs.existsSync(beside) && fs.readdirSync(beside).length > 0) {
    throw new Error(
      `${beside} exists but ${layout.settingsFile}, which holds its passwords, does not: Murph did not make it, or the ` +
        "file was lost. Set MURPH_DATA_DIR to another folder, or move that one away.",
    );
  }
  const password = () => randomBytes(24).toString("base64url");
  const settings: Settings = {
    clusterElsewhere: user && !canReach(user, layout.dataDir) ? makePlaceElsewhere(layout, onProblem) : null,
    created: false,
    port: DEFAULT_PORT,
    superuserPassword: password(),
    ownerPassword: password(),
    appPassword: password(),
  };
  writeSettings(layout, settings);
  return settings;
}

/** Folder of the cluster itself (PGDATA). */
export function clusterOf(layout: Layout, settings: Settings): string {
  return path.join(settings.clusterElsewhere ?? layout.dataDir, "postgres");
}

function readExisting(layout: Layout): Settings {
  let settings: Settings;
  try {
    settings = settingsSchema.parse(JSON.parse(fs.readFileSync(layout.settingsFile, "utf8")));
  } catch {
    throw new Error(`${layout.settingsFile} is damaged: without it the database beside it cannot be opened`);
  }
  if (settings.clusterElsewhere) checkPlaceElsewhere(layout, settings.clusterElsewhere);
  const cluster = clusterOf(layout, settings);
  const versionFile = path.join(cluster, "PG_VERSION");
  if (fs.existsSync(versionFile)) {
    const version = fs.readFileSync(versionFile, "utf8").trim();
    if (version === POSTGRES_MAJOR) return settings;
    throw new Error(
      `${cluster} was made by PostgreSQL ${version}, this Murph brings ${POSTGRES_MAJOR}. ` +
        "Move the data over with pg_dump and pg_restore, or set MURPH_DATA_DIR to a new folder.",
    );
  }
  if (settings.created) {
    throw new Error(
      `The database files in ${cluster} are gone. Put them back, or remove ${layout.settingsFile} to begin with an ` +
        "empty database.",
    );
  }
  if (fs.existsSync(cluster) && fs.readdirSync(cluster).length > 0) {
    throw new Error(`${cluster} is not a PostgreSQL cluster: Murph will not write into it`);
  }
  return settings;
}

/** Atomic and synced: a lost password would lock the database for ever. */
export function writeSettings(layout: Layout, settings: Settings): void {
  const draft = `${layout.settingsFile}.${process.pid}`;
  const file = fs.openSync(/*turbopackIgnore: true*/ draft, "w", 0o600);
  fs.writeSync(file, `${JSON.stringify(settings, null, 2)}\n`);
  fs.fsyncSync(file);
  fs.closeSync(file);
  fs.renameSync(draft, layout.settingsFile);
}

/** Only root comes here. The place must outlive a restart of the machine, so it is never under the temp folder. */
function makePlaceElsewhere(layout: Layout, onProblem: (problem: string) => void): string {
  const place = path.join(SHARED_ROOT, `data-${randomBytes(6).toString("hex")}`);
  fs.mkdirSync(place, { recursive: true });
  fs.chmodSync(SHARED_ROOT, 0o755);
  fs.chmodSync(place, 0o711);
  fs.writeFileSync(path.join(place, OWNER_NOTE), layout.dataDir);
  onProblem(
    `PostgreSQL does not run as root and its own user cannot enter ${layout.dataDir}: the database files are kept in ` +
      `${place} (${layout.settingsFile} points there). A MURPH_DATA_DIR open to that user keeps them together.`,
  );
  return place;
}

/** A data folder may move; a copy of it must not open the cluster of the original. */
function checkPlaceElsewhere(layout: Layout, place: string): void {
  const note = path.join(place, OWNER_NOTE);
  const recorded = fs.existsSync(note) ? fs.readFileSync(note, "utf8") : layout.dataDir;
  if (recorded === layout.dataDir) return;
  if (fs.existsSync(/*turbopackIgnore: true*/ layoutOf(recorded).settingsFile)) {
    throw new Error(
      `${layout.dataDir} is a copy of ${recorded}, and the database files in ${place} belong to the original. ` +
        `Remove ${layout.settingsFile} to begin with an empty database here.`,
    );
  }
  fs.writeFileSync(note, layout.dataDir);
}
