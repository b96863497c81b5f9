import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isSameProcessAlive, ownIdentity, processIdentitySchema } from "./process-identity";

const WAIT_MS = 60_000;
const FOREIGN_STALE_MS = 30_000;

/** Runs `work` while no other process that uses the same lock file runs its own. Survives killed holders. */
export async function withStartLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  while (!tryLock(file)) {
    if (Date.now() > deadline) throw new Error(`Another process has been starting PostgreSQL for too long (${file})`);
    await sleep(50);
  }
  const unlock = () => fs.rmSync(file, { force: true });
  process.once("exit", unlock);
  try {
    return await work();
  } finally {
    unlock();
    process.off("exit", unlock);
  }
}

function tryLock(file: string): boolean {
  // Written aside and linked into place: the file is never seen empty.
  const mine = `${file}.${randomUUID()}`;
  fs.writeFileSync(mine, JSON.stringify(ownIdentity()), { mode: 0o600 });
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (isAbandoned(file)) removeAbandoned(file);
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function isAbandoned(file: string): boolean {
  try {
    const age = Date.now() - fs.statSync(file).mtimeMs;
    const parsed = processIdentitySchema.safeParse(JSON.parse(fs.readFileSync(file, "utf8")));
    if (!parsed.success) return true;
    if (parsed.data.host !== ownIdentity().host) return age > FOREIGN_STALE_MS;
    return !isSameProcessAlive(parsed.data);
  } catch (error) {
    return error instanceof SyntaxError;
  }
}

/**
 * Judging and removing are two steps: without the inner lock a slow process could remove the lock that a faster one
 * took after removing the same abandoned file.
 */
function removeAbandoned(file: string): void {
  const inner = `${file}.removal`;
  try {
    fs.mkdirSync(inner);
  } catch {
    const age = Date.now() - (fs.statSync(inner, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > FOREIGN_STALE_MS) fs.rmSync(inner, { recursive: true, force: true });
    return;
  }
  try {
    if (isAbandoned(file)) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(inner, { recursive: true, force: true });
  }
}
