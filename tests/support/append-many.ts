import { db } from "@/lib/server/db";
import type { Person } from "@/tests/support/world";

/** "Message 7. ..." and so on, by this person, through the one door of the log but without a request for each. */
export async function appendMany(
  { sessionId, userId }: Person,
  consultationId: string,
  { first = 1, count, aTransaction = 100 }: { first?: number; count: number; aTransaction?: number },
): Promise<void> {
  for (let from = first; from < first + count; from += aTransaction) {
    const to = Math.min(from + aTransaction, first + count) - 1;
    await db().$queryRaw`
      SELECT send_message(${sessionId}::uuid, ${userId}::uuid, ${consultationId}::uuid, uuidv7(),
        rtrim('Message ' || n || '. ' || repeat('words ', n % 40)), NULL, ''::bytea, NULL)::text
      FROM generate_series(${from}::integer, ${to}::integer) AS n`;
  }
}
