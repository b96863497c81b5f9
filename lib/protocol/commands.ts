import * as z from "zod";
import { contentSchema, lineSchema } from "./content";
import { eventSchema } from "./event";
import { messageIdSchema, uuidV4Schema } from "./ids";
import { positionSchema } from "./position";

/** Unknown fields are ignored and change nothing: every command schema strips them. */
export const sendMessageSchema = z.object({
  id: messageIdSchema,
  consultationId: uuidV4Schema,
  content: contentSchema,
  replyToId: messageIdSchema.nullish().transform((id) => id ?? null),
  attachmentIds: z
    .array(uuidV4Schema)
    .max(0, "attachments-not-available")
    .nullish()
    .transform(() => []),
});
export type SendMessage = z.infer<typeof sendMessageSchema>;

export const completeConsultationSchema = z.object({
  /** A note that says nothing is none. */
  closingNote: z.preprocess(
    (note) => (typeof note === "string" && note.trim() === "" ? null : note),
    lineSchema(1_000)
      .nullish()
      .transform((note) => note ?? null),
  ),
});

export const receiptSchema = z
  .object({
    deliveredUpToSeq: z.int().nonnegative().max(2_147_483_647).optional(),
    readUpToSeq: z.int().nonnegative().max(2_147_483_647).optional(),
  })
  .refine((receipt) => receipt.deliveredUpToSeq !== undefined || receipt.readUpToSeq !== undefined, {
    message: "nothing-to-record",
    path: ["readUpToSeq"],
  });
export type Receipt = z.infer<typeof receiptSchema>;

/** A whole number as a query writes it: digits only, so that "", "1e3" and "0x10" are no numbers. */
const numeral = z
  .string()
  .regex(/^\d{1,10}$/, "not-a-number")
  .transform(Number);

export const eventsQuerySchema = z.object({
  after: numeral.pipe(z.int().max(2_147_483_647)),
  afterAt: z.iso.datetime().optional(),
  epoch: z
    .string()
    .regex(/^[\x20-\x7e]{0,200}$/, "not-an-epoch")
    .optional(),
  limit: numeral.pipe(z.int().min(1).max(500)).default(200),
});
export type EventsQuery = z.infer<typeof eventsQuerySchema>;

export const messagesQuerySchema = z.object({
  before: numeral.pipe(z.int().positive().max(2_147_483_647)).optional(),
  limit: numeral.pipe(z.int().min(1).max(200)).default(50),
});
export type MessagesQuery = z.infer<typeof messagesQuerySchema>;

/** What every command that may add to the log answers; null: nothing had to change. */
export const commandAnswerSchema = z.object({ event: eventSchema.nullable() });
export type CommandAnswer = z.infer<typeof commandAnswerSchema>;

export const positionAnswerSchema = z.object({ position: positionSchema });
