import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { isSameProcessAlive, ownIdentity, type ProcessIdentity, processIdentitySchema } from "./process-identity";

const HEARTBEAT_MS = 2_000;
const FOREIGN_STALE_MS = 10_000;

export interface Presence {
  /** Removes this entry and tells who is left. Synchronous: it also runs while the process exits. */
  leave(): ProcessIdentity[];
}

/**
 * Enters this process into the list of those that use one PostgreSQL. There is no owner to wait for: whoever leaves
 * and sees nobody else stops the server, however the others ended.
 */
export function enterPresence(folder: string): Presence {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${process.pid}-${randomUUID().slice(0, 8)}.json`);
  const enter = () => fs.writeFileSync(file, JSON.stringify(ownIdentity()), { mode: 0o600 });
  enter();
  const heartbeat = setInterval(() => {
    try {
      fs.utimesSync(file, new Date(), new Date());
    } catch {
      if (fs.existsSync(folder)) enter();
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    leave() {
      clearInterval(heartbeat);
      fs.rmSync(file, { force: true });
      const { here, elsewhere } = readPresence(folder);
      return [...here, ...elsewhere];
    },
  };
}

/** Live users of the server on this machine and, by their heartbeat, on others. Removes entries of the dead. */
export function readPresence(folder: string): { here: ProcessIdentity[]; elsewhere: ProcessIdentity[] } {
  const own = ownIdentity();
  const here: ProcessIdentity[] = [];
  const elsewhere: ProcessIdentity[] = [];
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
    const file = path.join(folder, name);
    const age = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    const identity = readIdentity(file);
    const live =
      identity && (identity.host === own.host ? isSameProcessAlive(identity) : age < FOREIGN_STALE_MS)
        ? identity
        : null;
    if (live) (live.host === own.host ? here : elsewhere).push(live);
    else if (age > FOREIGN_STALE_MS || identity) fs.rmSync(file, { force: true });
  }
  return { here, elsewhere };
}

function readIdentity(file: string): ProcessIdentity | null {
  try {
    return processIdentitySchema.parse(JSON.parse(fs.readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}
