import "./zod-settings";
import * as z from "zod";
import { eventSchema } from "./event";
import { previewOf } from "./excerpt";
import { messageIdSchema, uuidV4Schema } from "./ids";
import { consultationStatusSchema, messageSchema, timeSchema } from "./message";
import { positionSchema } from "./position";
import { userSchema } from "./user";

/** "delayed": the server cannot publish just now, so clients poll. */
export const pushStateSchema = z.enum(["ok", "delayed"]);
export type PushState = z.infer<typeof pushStateSchema>;
/** Age of the oldest event of the consultation that is saved and not pushed yet; 0 when there is none. */
const pushLagMsSchema = z.int().nonnegative().optional();

export const consultationSchema = z.object({
  id: uuidV4Schema,
  status: consultationStatusSchema,
  subject: z.string(),
  scheduledFor: timeSchema.nullable(),
  startedAt: timeSchema.nullable(),
  endedAt: timeSchema.nullable(),
  /** While its end is announced: when it completes by itself. */
  closesAt: timeSchema.nullable().default(null),
});
export type Consultation = z.infer<typeof consultationSchema>;

/**
 * Of somebody who was asked and has not answered yet: when they were written to last, and until when that link works. Of two
 * readings the later `invitedAt` is the newer, and none at all is the newest: accepting is for good.
 */
export const invitationSchema = z.object({ invitedAt: timeSchema, expiresAt: timeSchema });
export type Invitation = z.infer<typeof invitationSchema>;

export const participantSchema = z.object({
  user: userSchema,
  online: z.boolean(),
  lastActiveAt: timeSchema.nullable(),
  position: positionSchema,
  invitation: invitationSchema.nullable().default(null),
});
export type Participant = z.infer<typeof participantSchema>;

/** One consistent read of a consultation: folding later events onto it equals reading it again (RCV5). */
export const snapshotSchema = z.object({
  consultation: consultationSchema,
  participants: z.array(participantSchema),
  messages: z.array(messageSchema),
  hasMore: z.boolean(),
  headSeq: z.int().nonnegative(),
  epoch: z.string(),
  serverTime: timeSchema,
  push: pushStateSchema,
  pushLagMs: pushLagMsSchema,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Answer of `GET …/events`. `reset` means: start over from a snapshot. */
export const eventsPageSchema = z.union([
  z.object({ reset: z.literal(true), headSeq: z.int().nonnegative(), epoch: z.string() }),
  z.object({
    events: z.array(eventSchema),
    headSeq: z.int().nonnegative(),
    epoch: z.string(),
    positions: z.array(positionSchema),
    push: pushStateSchema,
    pushLagMs: pushLagMsSchema,
  }),
]);
export type EventsPage = z.infer<typeof eventsPageSchema>;

/** Answer of `GET …/messages`: ascending, and it says how new it is, so that a late page cannot undo a change (RCV6). */
export const messagesPageSchema = z.object({
  messages: z.array(messageSchema),
  hasMore: z.boolean(),
  headSeq: z.int().nonnegative(),
  epoch: z.string(),
});
export type MessagesPage = z.infer<typeof messagesPageSchema>;

/** One line of my consultation list. Rows of the same consultation merge by (headSeq, readUpToSeq) (RCV7). */
export const consultationRowSchema = z.object({
  id: uuidV4Schema,
  status: consultationStatusSchema,
  subject: z.string(),
  scheduledFor: timeSchema.nullable().default(null),
  counterpart: userSchema.extend({
    online: z.boolean(),
    lastActiveAt: timeSchema.nullable(),
    /** Where nobody else takes part any more: how this one went. */
    left: z.enum(["declined", "withdrawn", "left"]).optional(),
  }),
  /** Who else takes part, the counterpart included. */
  othersCount: z.int().nonnegative().default(1),
  /**
   * I am asked to take part, by the counterpart, and have not answered: nothing but this row is mine to read yet.
   */
  request: z.object({ askedAt: timeSchema }).optional(),
  /** Of the one who was asked and has not answered yet. */
  invitation: invitationSchema.extend({ userId: uuidV4Schema }).nullable().default(null),
  lastMessage: z
    .object({
      id: messageIdSchema,
      seq: z.int().positive(),
      senderId: uuidV4Schema,
      senderName: z.string().optional(),
      preview: z.string().transform(previewOf),
      createdAt: timeSchema,
    })
    .nullable(),
  unreadCount: z.int().nonnegative(),
  lastActivityAt: timeSchema,
  headSeq: z.int().nonnegative(),
  readUpToSeq: z.int().nonnegative(),
});
export type ConsultationRow = z.infer<typeof consultationRowSchema>;

/** Without `push` nothing is known to be late. */
export const consultationListSchema = z.object({
  consultations: z.array(consultationRowSchema),
  push: pushStateSchema.optional(),
});
export type ConsultationListAnswer = z.infer<typeof consultationListSchema>;
