import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

export interface OsUser {
  name: string;
  uid: number;
  gid: number;
}

/** Where root keeps what the unprivileged user must reach when the project itself lies under a private folder. */
export const SHARED_ROOT = "/var/lib/murph";

/** PostgreSQL refuses to run as root: the user it runs as then, made when missing. Null when we are not root. */
export function unprivilegedUser(): OsUser | null {
  if (process.getuid?.() !== 0) return null;
  const found = lookUp("postgres");
  if (found) return found;
  for (const [program, ...args] of [
    ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"],
    ["adduser", "-S", "-D", "-H", "postgres"],
  ] as const) {
    try {
      execFileSync(/*turbopackIgnore: true*/ program, args, { stdio: "ignore" });
    } catch {
      // The next way, or another process was faster: what counts is whether the user exists now.
    }
    const made = lookUp("postgres");
    if (made) return made;
  }
  const nobody = lookUp("nobody");
  if (nobody) return nobody;
  throw new Error(
    "PostgreSQL does not run as root, and no user could be made for it. Start Murph as an ordinary user, " +
      "make a user named postgres, or set DATABASE_URL.",
  );
}

function lookUp(name: string): OsUser | null {
  const id = (flag: string) =>
    Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { name, uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
}

/** Whether that user may enter `folder` (which need not exist yet) and all that lies above it. */
export function canReach(user: OsUser, folder: string): boolean {
  let current = path.resolve(/*turbopackIgnore: true*/ folder);
  while (!fs.existsSync(current)) current = path.dirname(current);
  current = fs.realpathSync(current);
  for (;;) {
    const { uid, gid, mode } = fs.statSync(current);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (current === path.dirname(current)) return true;
    current = path.dirname(current);
  }
}
