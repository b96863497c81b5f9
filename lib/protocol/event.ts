import "./zod-settings";
import * as z from "zod";
import { messageIdSchema, uuidV4Schema } from "./ids";
import { consultationStatusSchema, messageSchema, timeSchema } from "./message";
import { positionSchema } from "./position";
import { userSchema } from "./user";

export const PROTOCOL_VERSION = 1;

const envelope = {
  v: z.literal(PROTOCOL_VERSION),
  consultationId: uuidV4Schema,
  /** Opaque. Differs after the database was restored; a client that sees another one starts over (RCV4). */
  epoch: z.string(),
  seq: z.int().positive(),
  actorId: uuidV4Schema.nullable(),
  at: timeSchema,
};

const messageChange = { messageId: messageIdSchema, rev: z.int().positive() };

/**
 * One entry of a consultation's log. Numbers are 1, 2, 3, ... without a gap (SEQ1). The receiver applies exactly
 * seq + 1, ignores lower numbers and fetches what is missing below a higher one (RCV1), whichever of answer, push,
 * poll or gap fetch brought it.
 */
export const eventSchema = z.discriminatedUnion("type", [
  z.object({ ...envelope, type: z.literal("new-message"), data: z.object({ message: messageSchema }) }),
  z.object({ ...envelope, type: z.literal("message-edited"), data: z.object({ message: messageSchema }) }),
  z.object({
    ...envelope,
    type: z.literal("message-deleted"),
    data: z.object({ ...messageChange, deletedAt: timeSchema }),
  }),
  z.object({
    ...envelope,
    type: z.enum(["reaction-added", "reaction-removed"]),
    data: z.object({ ...messageChange, userId: uuidV4Schema, emoji: z.string() }),
  }),
  z.object({
    ...envelope,
    type: z.literal("consultation-status-changed"),
    data: z.object({ status: consultationStatusSchema, message: messageSchema }),
  }),
  z.object({
    ...envelope,
    type: z.enum(["user-joined", "user-left"]),
    data: z.object({ user: userSchema, message: messageSchema }),
  }),
]);
export type Event = z.infer<typeof eventSchema>;
export type EventType = Event["type"];

export const EVENT_TYPES = [
  "new-message",
  "message-edited",
  "message-deleted",
  "reaction-added",
  "reaction-removed",
  "consultation-status-changed",
  "user-joined",
  "user-left",
] as const satisfies readonly EventType[];

/** Says that an event exists without carrying it; the receiver fetches. */
export const hintSchema = z.object({
  v: z.literal(PROTOCOL_VERSION),
  consultationId: uuidV4Schema,
  epoch: z.string(),
  seq: z.int().positive(),
  type: z.string(),
  hint: z.literal(true),
});
export type Hint = z.infer<typeof hintSchema>;

/** A position pushed as a courtesy under `message-delivered` or `message-read`. */
export const positionPushSchema = z.object({
  v: z.literal(PROTOCOL_VERSION),
  consultationId: uuidV4Schema,
  epoch: z.string(),
  position: positionSchema,
});
export type PositionPush = z.infer<typeof positionPushSchema>;
export const POSITION_PUSH_TYPES = ["message-delivered", "message-read"] as const;

export type PushedLogEntry = { kind: "event"; event: Event } | { kind: "hint"; hint: Hint } | { kind: "unreadable" };

/** Reads what arrived under a log event's name. "unreadable" (another version, a broken body) is fetched instead. */
export function parsePushedLogEntry(data: unknown): PushedLogEntry {
  const hint = hintSchema.safeParse(data);
  if (hint.success) return { kind: "hint", hint: hint.data };
  const event = eventSchema.safeParse(data);
  if (event.success) return { kind: "event", event: event.data };
  return { kind: "unreadable" };
}
