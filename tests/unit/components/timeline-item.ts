import type { TimelineItem } from "@/lib/core/timeline";
import type { Message } from "@/lib/protocol/message";
import type { User } from "@/lib/protocol/user";

export const anna: User = {
  id: "11111111-1111-4111-8111-111111111111",
  role: "PATIENT",
  name: "Anna",
  image: null,
};
export const weber: User = {
  id: "22222222-2222-4222-8222-222222222222",
  role: "PRACTITIONER",
  name: "Weber",
  image: null,
};

const plain = { change: null, refusedReaction: null, delivery: null, deliveryAt: null } as const;

/** A confirmed message; Anna is the viewer. */
export function said(seq: number, sender: User, message: Partial<Message> = {}): TimelineItem {
  const whole: Message = {
    ...{ id: `m${seq}`, seq, rev: seq, kind: "text", content: "x", sender, replyTo: null, attachments: [] },
    ...{ reactions: [], createdAt: "2026-11-21T10:00:00.000Z", editedAt: null, deletedAt: null },
    ...message,
  };
  return { ...plain, key: whole.id, message: whole, pending: null, own: sender === anna };
}

export function unsent(key: string, state: "queued" | "parked" = "queued"): TimelineItem {
  const pending = { state, reason: null, content: "x", replyTo: null, queuedAtSerial: 1 };
  return { ...plain, key, message: null, pending, own: true, delivery: state };
}

export function changed(item: TimelineItem, change: Partial<NonNullable<TimelineItem["change"]>>): TimelineItem {
  const whole = { kind: "edit", state: "queued", reason: null, commandId: "c", content: null, ...change } as const;
  return { ...item, change: whole };
}
