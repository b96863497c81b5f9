import "server-only";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import { AttemptGate } from "@/lib/server/auth/attempt-gate";

const WINDOW_MS = 10 * 60_000;
/** Many people may share one address. */
const ADDRESS_FACTOR = 10;

const holder = globalThis as { __murphInvitationGate?: AttemptGate };

/** Looks a token up; whoever brings too many that lead nowhere has to wait. Throws AppError: rate-limited. */
export async function countMisses<Found>(address: string, look: () => Promise<Found>): Promise<Found> {
  holder.__murphInvitationGate ??= new AttemptGate(
    runtime().env.rates.signInFailuresPerAccount * ADDRESS_FACTOR,
    WINDOW_MS,
  );
  const leave = await holder.__murphInvitationGate.enter(address);
  let missed = false;
  try {
    return await look();
  } catch (error) {
    missed = error instanceof AppError && error.code === "not-found";
    throw error;
  } finally {
    leave(missed);
  }
}
