import "./zod-settings";
import * as z from "zod";
import { uuidV4Schema } from "./ids";
import { timeSchema } from "./message";

/**
 * How far one participant has received and read. Not an event: both numbers are monotone maxima,
 * merged by max in whatever order they arrive (RCV7).
 */
export const positionSchema = z.object({
  userId: uuidV4Schema,
  deliveredUpToSeq: z.int().nonnegative(),
  deliveredAt: timeSchema.nullable(),
  readUpToSeq: z.int().nonnegative(),
  readAt: timeSchema.nullable(),
});
export type Position = z.infer<typeof positionSchema>;
