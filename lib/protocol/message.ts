import "./zod-settings";
import * as z from "zod";
import { excerptOf } from "./excerpt";
import { messageIdSchema, uuidV4Schema } from "./ids";
import { userSchema } from "./user";

/** ISO 8601 UTC with milliseconds, set by the database. */
export const timeSchema = z.iso.datetime();

export const consultationStatusSchema = z.enum(["SCHEDULED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]);
export type ConsultationStatus = z.infer<typeof consultationStatusSchema>;

/** What a system line says. Words are made by the viewer's catalogue, so the log stays free of a language. */
export const systemLineSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("consultation-started"), actor: userSchema }),
  z.object({ type: z.literal("consultation-completed"), actor: userSchema, closingNote: z.string().nullable() }),
  z.object({ type: z.literal("consultation-cancelled"), actor: userSchema }),
  z.object({ type: z.literal("consultation-closing"), actor: userSchema, closesAt: timeSchema }),
  z.object({ type: z.literal("consultation-continued"), actor: userSchema }),
  z.object({ type: z.literal("user-joined"), actor: userSchema, user: userSchema }),
  z.object({
    ...{ type: z.literal("user-left"), actor: userSchema, user: userSchema },
    /** They had been asked and had not accepted: it was taken back, or they said no. */
    invitation: z.enum(["withdrawn", "declined"]).optional(),
  }),
]);
export type SystemLine = z.infer<typeof systemLineSchema>;

export const replySchema = z.object({
  id: messageIdSchema,
  seq: z.int().positive(),
  senderName: z.string(),
  /** Follows the quoted message: null once that is deleted. */
  excerpt: z.string().nullable().transform(excerptOf),
});

export const reactionSchema = z.object({ emoji: z.string(), userIds: z.array(uuidV4Schema) });

/**
 * A message as it is now. `seq` is its place for ever; `rev` is the seq of the last event that changed it:
 * a body with a lower `rev` never replaces one with a higher (RCV6). A deleted message stays as a tombstone
 * with `content: null`.
 */
export const messageSchema = z.object({
  id: messageIdSchema,
  seq: z.int().positive(),
  rev: z.int().positive(),
  kind: z.enum(["text", "system"]),
  content: z.string().nullable(),
  sender: userSchema.nullable(),
  replyTo: replySchema.nullable(),
  attachments: z.array(z.unknown()),
  reactions: z.array(reactionSchema),
  createdAt: timeSchema,
  editedAt: timeSchema.nullable(),
  deletedAt: timeSchema.nullable(),
  system: systemLineSchema.optional(),
});
export type Message = z.infer<typeof messageSchema>;
