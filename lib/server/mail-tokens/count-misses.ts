import "server-only";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import { AttemptGate } from "@/lib/server/auth/attempt-gate";

const WINDOW_MS = 10 * 60_000;
/** Many people may share one address. */
const ADDRESS_FACTOR = 10;

const holder = globalThis as { __murphMailTokenGate?: AttemptGate };

/** Looks a token up; whoever brings too many that lead nowhere is told to wait. A link that works always works. */
export async function countMisses<Found>(address: string, look: () => Promise<Found>): Promise<Found> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not-found") throw error;
    const limit = runtime().env.rates.signInFailuresPerAccount * ADDRESS_FACTOR;
    holder.__murphMailTokenGate ??= new AttemptGate({ limit, windowMs: WINDOW_MS, thenEveryMs: 2_000 });
    (await holder.__murphMailTokenGate.enter(address))(true);
    throw error;
  }
}
