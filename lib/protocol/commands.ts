import "./zod-settings";
import * as z from "zod";
import { contentSchema, nameSchema, normalText, noteSchema, subjectSchema } from "./content";
import { emailSchema } from "./email";
import { eventSchema } from "./event";
import { messageIdSchema, uuidV4Schema } from "./ids";
import { mailModeSchema } from "./mail-mode";
import { timeSchema } from "./message";
import { positionSchema } from "./position";
import { consultationRowSchema, invitationSchema } from "./snapshot";
import { userSchema } from "./user";

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

export const editMessageSchema = z.object({ content: contentSchema });

/** A practitioner opens a consultation with the patient of this address, who is asked first where these two have none yet. */
export const createConsultationSchema = z.object({
  id: uuidV4Schema,
  patientEmail: emailSchema,
  /** What the practitioner calls a patient who is asked first, until they take part under their own name. */
  patientName: nameSchema(100)
    .nullish()
    .transform((name) => name ?? null),
  subject: subjectSchema(200),
  scheduledFor: z.iso
    .datetime()
    .nullish()
    .transform((time) => time ?? null),
});
export type CreateConsultation = z.infer<typeof createConsultationSchema>;

export const addParticipantSchema = z.object({ userId: uuidV4Schema });

export const completeConsultationSchema = z.object({
  /** Announces the end instead of ending now: it completes by itself that much later, unless it is continued. */
  afterSeconds: z.int().min(1).max(600).optional(),
  /** A note that says nothing is none. */
  closingNote: z.preprocess(
    (note) => (typeof note === "string" && normalText(note) === "" ? null : note),
    noteSchema(1_000)
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

/**
 * `invitation`: the address that stands in the mail to a patient who is asked first, told once and only where no mail
 * leaves. `mail`: what becomes of the mail.
 */
export const createdConsultationSchema = z.object({
  consultation: consultationRowSchema,
  invitation: z.object({ url: z.string(), expiresAt: timeSchema }).nullable(),
  mail: mailModeSchema.default("smtp"),
});
export type CreatedConsultation = z.infer<typeof createdConsultationSchema>;

/** `url`: null where a mail leaves, which alone has the link then. */
export const renewedInvitationSchema = z.object({
  invitation: invitationSchema.extend({ url: z.string().nullable() }),
  mail: mailModeSchema,
});
export type RenewedInvitation = z.infer<typeof renewedInvitationSchema>;

/** Whom a practitioner may add: `GET /api/colleagues`. */
export const colleaguesSchema = z.object({ users: z.array(userSchema) });

export const positionAnswerSchema = z.object({ position: positionSchema });
