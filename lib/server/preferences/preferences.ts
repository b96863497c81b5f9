import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import { type Locale, parseLocale } from "@/lib/i18n/locale";
import { type Preferences, preferencesSchema } from "@/lib/protocol/preferences";
import type { Claim } from "@/lib/server/claim";
import { db } from "@/lib/server/db";
import { callFunction } from "@/lib/server/sql-function";

/** The caller's own; the defaults until they change something. Throws AppError: session-ended. */
export async function readPreferences(claim: Claim): Promise<Preferences> {
  const answer = await callFunction(Prisma.sql`read_preferences(${claim.sessionId}::uuid, ${claim.userId}::uuid)`);
  return preferencesSchema.parse(answer.preferences);
}

/** Changes what is named and answers all of them as they are then. Throws AppError: session-ended. */
export async function changePreferences(claim: Claim, change: Partial<Preferences>): Promise<Preferences> {
  const answer = await callFunction(
    Prisma.sql`change_preferences(${claim.sessionId}::uuid, ${claim.userId}::uuid, ${JSON.stringify(change)}::jsonb)`,
  );
  return preferencesSchema.parse(answer.preferences);
}

/** The language that this person has chosen, if they have: for a browser that does not know it yet. */
export async function savedLocale(userId: string): Promise<Locale | null> {
  const row = await db().preferences.findUnique({ where: { userId }, select: { locale: true } });
  return parseLocale(row?.locale);
}
