import { encode } from "next-auth/jwt";
import { afterAll, beforeAll, inject } from "vitest";
import { db, disconnectDb } from "@/lib/server/db";
import { HttpClient } from "@/tests/support/http-client";
import { setIdleRuntime } from "@/tests/support/idle-runtime";
import type { AppAddress } from "@/tests/support/start-built-app";
import type { Person } from "@/tests/support/world";

/**
 * Lets this file look into the running app's database and make people there (tests/support/world.ts), who sign in
 * with a token made by the app's own secret: quicker than a password, judged by the app in the same way.
 */
export function useApp(): AppAddress {
  const app = inject("app");
  beforeAll(() => lookInto(app));
  afterAll(() => disconnectDb());
  return app;
}

export function lookInto(app: Pick<AppAddress, "ownerUrl" | "nextAuthSecret">): void {
  setIdleRuntime({ databaseUrl: app.ownerUrl, nextAuthSecret: app.nextAuthSecret });
}

export async function sealToken(
  app: Pick<AppAddress, "nextAuthSecret">,
  payload: Record<string, unknown>,
  maxAge = 3_600,
): Promise<string> {
  return encode({ token: payload, secret: app.nextAuthSecret, maxAge });
}

export async function clientOf(app: AppAddress, { sessionId, userId }: Person): Promise<HttpClient> {
  const client = new HttpClient(app.baseUrl);
  client.cookies.set("next-auth.session-token", await sealToken(app, { sessionId, userId }));
  return client;
}

/** Key and secret of the built-in Channels server that the app joined. */
export async function channelsKeys(): Promise<{ key: string; secret: string }> {
  return db().channelsRegistration.findUniqueOrThrow({ where: { id: 1 }, select: { key: true, secret: true } });
}

/**
 * Hash of every row that belongs to these consultations and people: equal before and after means that nothing
 * changed, whatever other tests do to the same server meanwhile.
 */
export async function rowsOf(consultationIds: readonly string[], people: readonly Person[] = []): Promise<string> {
  const ids = `{${consultationIds.join(",")}}`;
  const userIds = `{${people.map(({ userId }) => userId).join(",")}}`;
  const rows = await db().$queryRaw<{ part: string }[]>`
    SELECT 'consultation ' || md5(t::text) AS part FROM consultations t WHERE id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'head ' || md5(t::text) FROM consultation_heads t WHERE consultation_id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'participant ' || md5(t::text) FROM participants t WHERE consultation_id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'message ' || md5(t::text) FROM messages t WHERE consultation_id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'reaction ' || md5(t::text) FROM reactions t JOIN messages m ON m.id = t.message_id
      WHERE m.consultation_id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'revision ' || md5(t::text) FROM message_revisions t JOIN messages m ON m.id = t.message_id
      WHERE m.consultation_id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'event ' || md5(t::text) FROM events t WHERE consultation_id = ANY (${ids}::uuid[])
    UNION ALL SELECT 'user ' || md5(t::text) FROM users t WHERE id = ANY (${userIds}::uuid[])
    UNION ALL SELECT 'session ' || md5(t::text) FROM sessions t WHERE user_id = ANY (${userIds}::uuid[])
    UNION ALL SELECT 'message of theirs ' || md5(t::text) FROM messages t WHERE sender_id = ANY (${userIds}::uuid[])
    ORDER BY 1`;
  return rows.map(({ part }) => part).join("\n");
}
