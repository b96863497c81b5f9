import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Env } from "@/lib/env";

/** The secret of the environment, or one made once and kept in the data folder; next-auth reads it from process.env. */
export function provideAuthSecret(env: Env): string {
  const secret = env.nextAuthSecret ?? keptSecret(env.dataDir);
  process.env.NEXTAUTH_SECRET = secret;
  // Without either next-auth sends everybody to http://localhost:3000.
  if (!env.nextAuthUrl) process.env.AUTH_TRUST_HOST ??= "1";
  return secret;
}

function keptSecret(dataDir: string): string {
  const folder = path.resolve(/*turbopackIgnore: true*/ dataDir);
  const file = path.join(folder, "nextauth-secret");
  if (!fs.existsSync(file)) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o711 });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, randomBytes(32).toString("base64url"), { mode: 0o600 });
    try {
      // Unlike a rename a link never replaces the one that another process made first.
      fs.linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }
  const secret = fs.readFileSync(file, "utf8").trim();
  if (secret.length < 16)
    throw new Error(`${file} is damaged: remove it (everybody signs in again), or set NEXTAUTH_SECRET`);
  return secret;
}
