import "server-only";
import type { Prisma } from "@/lib/generated/prisma/client";
import { errorCodeSchema } from "@/lib/protocol/errors";
import { AppError } from "./app-error";
import { isPassing } from "./database-errors";
import { db } from "./db";

export interface FunctionAnswer {
  outcome: string;
  [field: string]: unknown;
}

/**
 * Calls one of the SQL functions of prisma/functions in one round trip and answers its jsonb object.
 * An outcome that is a code of the error table is thrown as AppError with its details.
 */
export async function callFunction(call: Prisma.Sql): Promise<FunctionAnswer> {
  const rows = await repeated(() => db().$queryRaw<{ answer: FunctionAnswer }[]>`SELECT ${call} AS answer`);
  const answer = rows[0]?.answer;
  if (!answer) throw new Error("A SQL function of the log answered nothing");
  const refusal = errorCodeSchema.safeParse(answer.outcome);
  if (refusal.success) {
    const { details, retryAfterSeconds } = answer as { details?: Record<string, unknown>; retryAfterSeconds?: number };
    throw new AppError(refusal.data, {
      details: details ?? {},
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds: Math.max(1, retryAfterSeconds) }),
    });
  }
  return answer;
}

const ATTEMPTS = 3;
/** No further attempt after this long: whoever asked will not wait for it. */
const BUDGET_MS = 5_000;

/**
 * Tries again, a few times, what failed in passing. Whether the failed attempt was done is not always known, and does
 * not matter: each of these functions may be called twice. A message's id makes the second a repeat, what is there
 * already (words, a reaction, a state, a participant, a position) is no change, and the others only read.
 */
async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  const begunAt = performance.now();
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === ATTEMPTS || !isPassing(error) || performance.now() - begunAt > BUDGET_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, (20 + 60 * Math.random()) * attempts));
    }
  }
}
