import { randomUUID } from "node:crypto";
import type { Say } from "./say";

/** Nobody's: whoever asks without a session learns of no consultation. */
const ANY = randomUUID();

/** What two people need until they talk, in that order. */
export const FIRST_ROUTES = [
  "/sign-in",
  "/consultations",
  "/api/auth/csrf",
  "/api/consultations",
  "/api/pusher/config",
  "/api/pusher/user-auth",
  "/api/pusher/auth",
  `/consultations/${ANY}`,
  `/api/consultations/${ANY}`,
  `/api/consultations/${ANY}/events`,
  `/api/consultations/${ANY}/receipts`,
  "/api/nachrichten",
  `/api/consultations/${ANY}/messages`,
  "/api/pusher/webhook",
  "/api/preferences",
] as const;

/**
 * The dev server compiles a route when it is first asked for, with somebody waiting. Asks for the first ones itself, one
 * after the other, as a stranger: each is compiled before it sends us to the sign-in, says 401 or does not know the
 * method, so nothing is read or written. What fails is compiled when it is needed.
 */
export async function warmRoutes(origin: string, say: Say): Promise<void> {
  const begunAt = performance.now();
  for (const path of FIRST_ROUTES) {
    // Read, not cancelled: Next keeps a copy of what it fetches, and a cancelled one would wait for the other for ever.
    await fetch(`${origin}${path}`, { redirect: "manual" })
      .then((response) => response.text())
      .catch(() => undefined);
  }
  say.info(`First pages compiled in ${Math.round((performance.now() - begunAt) / 1_000)} s`);
}
