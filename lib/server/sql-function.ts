import "server-only";
import type { Prisma } from "@/lib/generated/prisma/client";
import { errorCodeSchema } from "@/lib/protocol/errors";
import { AppError } from "./app-error";
import { db } from "./db";

export interface FunctionAnswer {
  outcome: string;
  [field: string]: unknown;
}

/**
 * Calls one of the SQL functions of prisma/migrations in one round trip and answers its jsonb object.
 * An outcome that is a code of the error table is thrown as AppError with its details.
 */
export async function callFunction(call: Prisma.Sql): Promise<FunctionAnswer> {
  const rows = await db().$queryRaw<{ answer: FunctionAnswer }[]>`SELECT ${call} AS answer`;
  const answer = rows[0]?.answer;
  if (!answer) throw new Error("A SQL function of the log answered nothing");
  const refusal = errorCodeSchema.safeParse(answer.outcome);
  if (refusal.success) {
    throw new AppError(refusal.data, { details: (answer.details as Record<string, unknown> | undefined) ?? {} });
  }
  return answer;
}
