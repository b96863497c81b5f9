import "./zod-settings";
import * as z from "zod";
import { PROTOCOL_VERSION } from "./event";
import { messageIdSchema, uuidV4Schema } from "./ids";
import { timeSchema } from "./message";
import { consultationRowSchema } from "./snapshot";

/**
 * What is pushed on `private-user-{id}`. All of it is a courtesy: the list is read again on every success of the
 * channel and now and then, and whatever was lost is in there. Where no words may leave the house the optional fields
 * are missing, and the receiver fetches or says less.
 */
const v = z.literal(PROTOCOL_VERSION);

/** A row of my list changed. Without the row in it: read the list again. */
export const consultationUpdatedSchema = z.object({ v, consultation: consultationRowSchema });

/** Somebody wrote to me. Whether I am told is decided where it is known what I am looking at: in the client. */
export const messageNotificationSchema = z.object({
  v,
  consultationId: uuidV4Schema,
  messageId: messageIdSchema,
  seq: z.int().positive(),
  senderName: z.string().optional(),
  preview: z.string().optional(),
});
export type MessageNotification = z.infer<typeof messageNotificationSchema>;

/** A message that I may have been told of was edited (its new preview) or deleted (null): old words must go (ATK104). */
export const messageNotificationChangedSchema = z.object({
  v,
  consultationId: uuidV4Schema,
  messageId: messageIdSchema,
  preview: z.string().nullable().optional(),
});

/**
 * Somebody I have an unfinished consultation with came or went. `lastActiveAt` never goes back, and coming online always
 * moves it. So what is known of one person, from pushes, rows and snapshots alike, is ordered by it: an earlier
 * time changes nothing, and of two at the same time "offline" is the later.
 */
export const userStatusChangeSchema = z.object({
  v,
  userId: uuidV4Schema,
  status: z.enum(["online", "offline"]),
  lastActiveAt: timeSchema.nullable(),
});
export type UserStatusChange = z.infer<typeof userStatusChangeSchema>;
