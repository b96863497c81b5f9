import "server-only";
import * as z from "zod";
import { previewOf } from "@/lib/protocol/excerpt";
import { consultationRowSchema } from "@/lib/protocol/snapshot";
import { db } from "@/lib/server/db";

/** A consultation of which something is to be told. */
export interface Asked {
  consultation: string;
  /** The events that were published; null: none. */
  first: number | null;
  last: number | null;
  /** Whose rows: all present participants', or only those of `readers`. */
  everybody: boolean;
  readers: string[];
}

const noticesSchema = z.object({
  consultationId: z.string(),
  rows: z.array(z.object({ userId: z.string(), row: consultationRowSchema })),
  written: z.array(
    z.object({
      messageId: z.string(),
      seq: z.int(),
      senderName: z.string(),
      preview: z.string().transform(previewOf),
      tell: z.array(z.string()),
    }),
  ),
  changed: z.array(
    z.object({
      messageId: z.string(),
      preview: z.string().transform(previewOf).nullable(),
      tell: z.array(z.string()),
    }),
  ),
  removed: z.array(z.string()),
});
export type Notices = z.infer<typeof noticesSchema>;

/** After an outage there may be hundreds; nobody reads a pile of notices. */
const MOST_MESSAGES = 10;

/** What is to be told of these consultations, as they are now, in one round trip. */
export async function readNotices(asked: readonly Asked[]): Promise<Notices[]> {
  const rows = await db().$queryRaw<{ notices: unknown }[]>`
    SELECT notices_of(a.consultation, a.first, a.last, a.everybody, a.readers, ${MOST_MESSAGES}::integer) AS notices
    FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
      AS a (consultation uuid, first integer, last integer, everybody boolean, readers uuid[])`;
  return z.array(noticesSchema).parse(rows.map(({ notices }) => notices));
}
