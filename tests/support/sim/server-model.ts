import type { CommandAnswer, Receipt, SendMessage } from "@/lib/protocol/commands";
import type { ErrorCode } from "@/lib/protocol/errors";
import { ERROR_STATUS } from "@/lib/protocol/errors";
import type { Event } from "@/lib/protocol/event";
import { excerptOf } from "@/lib/protocol/excerpt";
import type { ConsultationStatus, Message, SystemLine } from "@/lib/protocol/message";
import type { Position } from "@/lib/protocol/position";
import type {
  ConsultationRow,
  EventsPage,
  MessagesPage,
  Participant,
  PushState,
  Snapshot,
} from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import type { ApiResult, EventsRequest } from "@/lib/sync/ports";

export const ANNA: User = {
  id: "a0000000-0000-4000-8000-000000000001",
  role: "PATIENT",
  name: "Anna",
  image: null,
};
export const WEBER: User = {
  id: "b0000000-0000-4000-8000-000000000002",
  role: "PRACTITIONER",
  name: "Dr. Weber",
  image: null,
};
export const IBRAHIM: User = {
  id: "c0000000-0000-4000-8000-000000000003",
  role: "INTERPRETER",
  name: "Ibrahim",
  image: null,
};
export const CONSULTATION_ID = "d0000000-0000-4000-8000-000000000004";

const SNAPSHOT_MESSAGES = 50;

/** What the log keeps: references. Content is joined when an entry is read, as in decision 11. */
type Entry = { seq: number; actorId: string | null; at: string } & (
  | { type: "new-message"; messageId: string }
  | { type: "message-edited" | "message-deleted"; messageId: string }
  | { type: "reaction-added" | "reaction-removed"; messageId: string; userId: string; emoji: string }
  | { type: "consultation-status-changed"; messageId: string; status: ConsultationStatus }
  | { type: "user-joined" | "user-left"; messageId: string; user: User }
);
type EntryBody = Entry extends infer E ? (E extends Entry ? Omit<E, "seq" | "at"> : never) : never;

/**
 * A small model of the server: one consultation, one log, the answers of PROTOCOL.md. It is what clients are compared
 * with, so it is written for being obviously right, not fast.
 */
export class ServerModel {
  epoch = "epoch-1";
  push: PushState = "ok";
  status: ConsultationStatus = "IN_PROGRESS";
  readonly messages = new Map<string, Message>();
  readonly bodies = new Map<string, { authorId: string; content: string }>();
  log: Entry[] = [];
  members: User[] = [ANNA, WEBER];
  positions = new Map<string, Position>();
  onCommit: (event: Event) => void = () => {};
  onPosition: (position: Position) => void = () => {};
  #systemLines = 0;
  #endedAt: string | null = null;

  get headSeq(): number {
    return this.log.length;
  }

  send(author: User, command: SendMessage): ApiResult<CommandAnswer> {
    if (!this.isMember(author)) return refused("not-found");
    const known = this.bodies.get(command.id);
    if (known) {
      const repeat = known.authorId === author.id && known.content === command.content;
      const entry = this.log.find((e) => e.type === "new-message" && e.messageId === command.id);
      return repeat && entry ? ok({ event: this.eventOf(entry) }) : refused("id-conflict");
    }
    if (this.status !== "IN_PROGRESS") return refused("consultation-not-in-progress");
    this.bodies.set(command.id, { authorId: author.id, content: command.content });
    const replyTo = command.replyToId ? this.quote(command.replyToId) : null;
    this.insert(command.id, { kind: "text", content: command.content, sender: author, replyTo });
    return ok({ event: this.append({ type: "new-message", actorId: author.id, messageId: command.id }) });
  }

  edit(author: User, messageId: string, content: string): Event {
    this.change(messageId, { content, editedAt: this.nextAt() });
    return this.append({ type: "message-edited", actorId: author.id, messageId });
  }

  delete(author: User, messageId: string): Event {
    const deletedAt = this.nextAt();
    this.change(messageId, { content: null, deletedAt, attachments: [], reactions: [], replyTo: null });
    return this.append({ type: "message-deleted", actorId: author.id, messageId });
  }

  react(user: User, messageId: string, emoji: string, type: "reaction-added" | "reaction-removed"): Event {
    const { reactions } = this.message(messageId);
    const others = reactions.find((r) => r.emoji === emoji)?.userIds.filter((id) => id !== user.id) ?? [];
    const userIds = type === "reaction-added" ? [...others, user.id] : others;
    const rest = reactions.filter((r) => r.emoji !== emoji);
    this.change(messageId, { reactions: userIds.length > 0 ? [...rest, { emoji, userIds }] : rest });
    return this.append({ type, actorId: user.id, messageId, userId: user.id, emoji });
  }

  setStatus(actor: User, status: "COMPLETED" | "CANCELLED"): Event {
    this.status = status;
    this.#endedAt = this.nextAt();
    const system: SystemLine =
      status === "COMPLETED"
        ? { type: "consultation-completed", actor, closingNote: null }
        : { type: "consultation-cancelled", actor };
    const messageId = this.systemLine(actor, system);
    return this.append({ type: "consultation-status-changed", actorId: actor.id, messageId, status });
  }

  join(actor: User, user: User): Event {
    this.members = [...this.members, user];
    const messageId = this.systemLine(actor, { type: "user-joined", actor, user });
    return this.append({ type: "user-joined", actorId: actor.id, messageId, user });
  }

  leave(actor: User, user: User): Event {
    this.members = this.members.filter((member) => member.id !== user.id);
    const messageId = this.systemLine(actor, { type: "user-left", actor, user });
    return this.append({ type: "user-left", actorId: actor.id, messageId, user });
  }

  receipt(user: User, receipt: Receipt): ApiResult<{ position: Position }> {
    const known = this.position(user.id);
    const read = Math.max(known.readUpToSeq, receipt.readUpToSeq ?? 0);
    const delivered = Math.max(known.deliveredUpToSeq, receipt.deliveredUpToSeq ?? 0, read);
    if (delivered > this.headSeq) return refused("validation-failed");
    const at = this.nextAt();
    const position: Position = {
      userId: user.id,
      deliveredUpToSeq: delivered,
      deliveredAt: delivered > known.deliveredUpToSeq ? at : known.deliveredAt,
      readUpToSeq: read,
      readAt: read > known.readUpToSeq ? at : known.readAt,
    };
    this.positions.set(user.id, position);
    this.onPosition(position);
    return ok({ position });
  }

  readSnapshot(limit = SNAPSHOT_MESSAGES): Snapshot {
    const all = this.allMessages();
    return {
      consultation: {
        id: CONSULTATION_ID,
        status: this.status,
        subject: "Follow-up",
        scheduledFor: null,
        startedAt: timeOf(0),
        endedAt: this.#endedAt,
      },
      participants: this.members.map((user): Participant => {
        return { user, online: false, lastActiveAt: null, position: this.position(user.id) };
      }),
      messages: all.slice(-limit),
      hasMore: all.length > limit,
      headSeq: this.headSeq,
      epoch: this.epoch,
      serverTime: timeOf(this.headSeq),
      push: this.push,
    };
  }

  readEvents({ after, afterAt, epoch, limit }: EventsRequest): EventsPage {
    const { headSeq } = this;
    const known = after === 0 ? null : this.log[after - 1];
    const foreign = epoch !== this.epoch || after > headSeq || (afterAt !== null && known?.at !== afterAt);
    if (foreign) return { reset: true, headSeq, epoch: this.epoch };
    return {
      events: this.log.slice(after, after + limit).map((entry) => this.eventOf(entry)),
      headSeq,
      epoch: this.epoch,
      positions: this.members.map((member) => this.position(member.id)),
      push: this.push,
    };
  }

  readMessages({ before, limit }: { before: number; limit: number }): MessagesPage {
    const older = this.allMessages().filter((message) => message.seq < before);
    return {
      messages: older.slice(-limit),
      hasMore: older.length > limit,
      headSeq: this.headSeq,
      epoch: this.epoch,
    };
  }

  listFor(user: User): ConsultationRow[] {
    const counterpart = this.members.find((member) => member.id !== user.id) ?? user;
    return [
      {
        id: CONSULTATION_ID,
        status: this.status,
        subject: "Follow-up",
        counterpart: { ...counterpart, online: false, lastActiveAt: null },
        lastMessage: null,
        unreadCount: 0,
        lastActivityAt: timeOf(this.headSeq),
        headSeq: this.headSeq,
        readUpToSeq: this.position(user.id).readUpToSeq,
      },
    ];
  }

  /** A backup is put back: everything after `seq` never happened, and the epoch says so. */
  restoreTo(seq: number): void {
    for (const entry of this.log.slice(seq)) {
      if (entry.type !== "new-message") continue;
      this.messages.delete(entry.messageId);
      this.bodies.delete(entry.messageId);
    }
    this.log = this.log.slice(0, seq);
    this.positions = new Map();
    this.epoch = `${this.epoch}-restored`;
  }

  isMember(user: User): boolean {
    return this.members.some((member) => member.id === user.id);
  }

  eventOf(entry: Entry): Event {
    const { seq, actorId, at } = entry;
    const head = { v: 1 as const, consultationId: CONSULTATION_ID, epoch: this.epoch, seq, actorId, at };
    const message = this.joined(entry.messageId);
    switch (entry.type) {
      case "new-message":
      case "message-edited":
        return { ...head, type: entry.type, data: { message } };
      case "message-deleted":
        return {
          ...head,
          type: entry.type,
          data: { messageId: message.id, rev: seq, deletedAt: message.deletedAt ?? at },
        };
      case "reaction-added":
      case "reaction-removed":
        return {
          ...head,
          type: entry.type,
          data: { messageId: message.id, rev: seq, userId: entry.userId, emoji: entry.emoji },
        };
      case "consultation-status-changed":
        return { ...head, type: entry.type, data: { status: entry.status, message } };
      case "user-joined":
      case "user-left":
        return { ...head, type: entry.type, data: { user: entry.user, message } };
    }
  }

  message(id: string): Message {
    const message = this.messages.get(id);
    if (!message) throw new Error(`The model has no message ${id}`);
    return message;
  }

  private append(body: EntryBody): Event {
    const entry = { ...body, seq: this.headSeq + 1, at: this.nextAt() } as Entry;
    this.log.push(entry);
    const event = this.eventOf(entry);
    this.onCommit(event);
    return event;
  }

  private insert(id: string, body: Pick<Message, "kind" | "content" | "sender" | "replyTo" | "system">): void {
    const seq = this.headSeq + 1;
    const at = this.nextAt();
    const empty = { attachments: [], reactions: [], editedAt: null, deletedAt: null };
    this.messages.set(id, { ...empty, ...body, id, seq, rev: seq, createdAt: at });
  }

  private systemLine(actor: User, system: SystemLine): string {
    this.#systemLines += 1;
    const id = `0190ffff-0000-7000-8000-${String(this.#systemLines).padStart(12, "0")}`;
    this.insert(id, { kind: "system", content: null, sender: actor, replyTo: null, system });
    return id;
  }

  private change(id: string, patch: Partial<Message>): void {
    this.messages.set(id, { ...this.message(id), ...patch, rev: this.headSeq + 1 } satisfies Message);
  }

  private quote(id: string): Message["replyTo"] {
    const { seq, sender, content } = this.message(id);
    return { id, seq, senderName: sender?.name ?? "", excerpt: excerptOf(content) };
  }

  private allMessages(): Message[] {
    return [...this.messages.values()].sort((a, b) => a.seq - b.seq).map(({ id }) => this.joined(id));
  }

  /** As every read gives it: the quote shows its message as that is now. */
  private joined(id: string): Message {
    const message = this.message(id);
    const replyTo = message.replyTo && {
      ...message.replyTo,
      excerpt: excerptOf(this.message(message.replyTo.id).content),
    };
    return structuredClone({ ...message, replyTo });
  }

  private position(userId: string): Position {
    const start = { userId, deliveredUpToSeq: 0, deliveredAt: null, readUpToSeq: 0, readAt: null };
    return this.positions.get(userId) ?? start;
  }

  private nextAt(): string {
    return timeOf(this.headSeq + 1);
  }
}

function timeOf(seq: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seq * 1_000).toISOString();
}

function ok<T>(value: T): ApiResult<T> {
  return { ok: true, value };
}

export function refused(code: ErrorCode, retryAfterMs: number | null = null): ApiResult<never> {
  return { ok: false, failure: { kind: "refused", status: ERROR_STATUS[code], code, retryAfterMs } };
}
