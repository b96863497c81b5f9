import type { CommandAnswer, Receipt, SendMessage } from "@/lib/protocol/commands";
import { compareEmoji } from "@/lib/protocol/emoji";
import type { ErrorCode } from "@/lib/protocol/errors";
import { ERROR_STATUS } from "@/lib/protocol/errors";
import type { Event } from "@/lib/protocol/event";
import { excerptOf, previewOf } from "@/lib/protocol/excerpt";
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
import type { Notices } from "@/lib/server/notices/read-notices";
import { hintOf } from "@/lib/server/relay/hint";
import type { Publication, Publishable } from "@/lib/server/relay/ports";
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
const LEASE_MS = 10_000;
/** A lease is respected for its first second whatever happens to its holder. */
const LEASE_CERTAIN_MS = 1_000;
const LATE_MS = 2_000;
const EVENTS_A_BATCH = 10;
const EDIT_WINDOW_MS = 900_000;
const MOST_NOTICES = 10;
/** Different emoji of one person on one message. */
const MOST_REACTIONS = 12;
/** The first moment of a simulated world. */
export const WORLD_BEGAN = Date.UTC(2026, 0, 1);

/** What the log keeps: references. Content is joined when an entry is read, as in decision 11. */
type Entry = { seq: number; actorId: string | null; at: string } & (
  | { type: "new-message"; messageId: string }
  | { type: "message-edited" | "message-deleted"; messageId: string }
  | { type: "reaction-added" | "reaction-removed"; messageId: string; userId: string; emoji: string }
  | { type: "consultation-status-changed"; messageId: string; status: ConsultationStatus }
  | { type: "user-joined" | "user-left"; messageId: string; user: User }
);
type EntryBody = Entry extends infer E ? (E extends Entry ? Omit<E, "seq" | "at"> : never) : never;

/** A row of participants: who left stays as one. */
interface Membership {
  readonly user: User;
  readonly left: boolean;
}

/** An end that was announced: consultations.closes_at, closing_note and closing_by. */
interface Closing {
  readonly at: string;
  readonly note: string | null;
  readonly by: User;
}

interface Body {
  readonly authorId: string;
  readonly content: string;
  readonly replyToId: string | null;
}

/** How far publishing has come, and who may go on with it: a row of publication_cursors. */
export interface Cursor {
  publishedSeq: number;
  dirty: boolean;
  leaseOwner: string | null;
  leaseFence: number;
  leaseUntil: number | null;
  failures: number;
  /** Somebody was removed, and nobody can know that their sockets are gone: pushes say that, not what (UI4). */
  hintsOnly: boolean;
}

/** What an append found at the cursor. */
export interface Publishing {
  /** Of the publication lease that it took for the relay it was made by. */
  readonly fence: number | null;
  /** Nobody has the lease: any relay may claim it. */
  readonly unheld: boolean;
  readonly hintsOnly: boolean;
}

/** Everything a restore brings back. */
export interface Backup {
  readonly status: ConsultationStatus;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly messages: readonly (readonly [string, Message])[];
  readonly bodies: readonly (readonly [string, Body])[];
  readonly log: readonly Entry[];
  readonly memberships: readonly Membership[];
  readonly closing: Closing | null;
  readonly positions: readonly (readonly [string, Position])[];
  readonly cursor: Cursor;
}

interface ServerModelOptions {
  /** Milliseconds since 1970. Without one each event is a second after the one before. */
  readonly now?: () => number;
  readonly status?: ConsultationStatus;
  readonly startedAt?: string | null;
  readonly editWindowMs?: number;
}

/**
 * A small model of the server: one consultation, one log, one publication cursor, the answers of docs/protocol.md. It is
 * what clients are compared with, so it is written for being obviously right, not fast, and compared itself with the
 * SQL (tests/pg/model.pg.test.ts).
 */
export class ServerModel {
  epoch = "epoch-1";
  push: PushState = "ok";
  status: ConsultationStatus;
  messages = new Map<string, Message>();
  bodies = new Map<string, Body>();
  log: Entry[] = [];
  positions = new Map<string, Position>();
  cursor: Cursor = {
    publishedSeq: 0,
    dirty: false,
    leaseOwner: null,
    leaseFence: 0,
    leaseUntil: null,
    failures: 0,
    hintsOnly: false,
  };
  onCommit: (event: Event, publishing: Publishing) => void = () => {};
  onPosition: (position: Position) => void = () => {};
  /** Whether the database sees this relay's session. */
  isRelayAlive: (owner: string) => boolean = () => true;
  /** Grows with everything that a read may show. */
  version = 0;
  readonly #clock: (() => number) | null;
  readonly #editWindowMs: number;
  /** In the order of joining. */
  #memberships: Membership[] = membershipsOf([ANNA, WEBER]);
  #closing: Closing | null = null;
  /** Ids of all messages, ascending by seq. */
  #order: string[] = [];
  #systemLines = 0;
  #epochs = 1;
  #startedAt: string | null;
  #endedAt: string | null = null;

  constructor({
    now,
    status = "IN_PROGRESS",
    startedAt = timeOf(0),
    editWindowMs = EDIT_WINDOW_MS,
  }: ServerModelOptions = {}) {
    this.#clock = now ?? null;
    this.#editWindowMs = editWindowMs;
    this.status = status;
    this.#startedAt = startedAt;
  }

  get headSeq(): number {
    return this.log.length;
  }

  /** Who takes part now. */
  get members(): User[] {
    return this.#memberships.filter(({ left }) => !left).map(({ user }) => user);
  }

  set members(users: readonly User[]) {
    this.#memberships = membershipsOf(users);
  }

  /** When it completes by itself; null: its end is not announced. */
  get closesAt(): string | null {
    return this.#closing?.at ?? null;
  }

  /** Ids of all messages in their order. */
  get order(): readonly string[] {
    return this.#order;
  }

  /** `relay`: the relay of the process that commits, which may get the publication lease on the way. */
  send(author: User, command: SendMessage, relay: string | null = null): ApiResult<CommandAnswer> {
    if (!this.isMember(author)) return refused("not-found");
    const { id, content, replyToId } = command;
    const known = this.bodies.get(id);
    if (known) {
      const repeat = known.authorId === author.id && known.content === content && known.replyToId === replyToId;
      const entry = this.log[this.message(id).seq - 1];
      return repeat && entry ? ok({ event: this.eventOf(entry) }) : refused("id-conflict");
    }
    if (this.messages.has(id)) return refused("id-conflict");
    if (this.status !== "IN_PROGRESS") return refused("consultation-not-in-progress");
    if (replyToId !== null && this.messages.get(replyToId)?.kind !== "text") return refused("validation-failed");
    this.bodies.set(id, { authorId: author.id, content, replyToId });
    const replyTo = replyToId === null ? null : this.quote(replyToId);
    this.insert(id, { kind: "text", content, sender: author, replyTo });
    return ok({ event: this.append({ type: "new-message", actorId: author.id, messageId: id }, relay) });
  }

  /** The author's own, in the window; asked for what is so already it is answered for ever. */
  editMessage(author: User, messageId: string, content: string, relay: string | null = null): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfCorrection(author, messageId);
    if (refusal) return refusal;
    if (this.message(messageId).content === content) return ok({ event: null });
    return this.refusalOfState(messageId, "window") ?? ok({ event: this.edit(author, messageId, content, relay) });
  }

  /** Asked for again it answers the same event, at any time. */
  deleteMessage(author: User, messageId: string, relay: string | null = null): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfCorrection(author, messageId);
    if (refusal) return refusal;
    const { deletedAt, rev } = this.message(messageId);
    const entry = this.log[rev - 1];
    if (deletedAt !== null && entry) return ok({ event: this.eventOf(entry) });
    return this.refusalOfState(messageId, "window") ?? ok({ event: this.delete(author, messageId, relay) });
  }

  setReaction(
    user: User,
    messageId: string,
    emoji: string,
    on: boolean,
    relay: string | null = null,
  ): ApiResult<CommandAnswer> {
    if (!this.isMember(user) || !this.messages.has(messageId)) return refused("not-found");
    const { kind, reactions } = this.message(messageId);
    if (kind !== "text") return refused("not-allowed");
    const own = reactions.filter(({ userIds }) => userIds.includes(user.id));
    if (own.some((reaction) => reaction.emoji === emoji) === on) return ok({ event: null });
    const refusal = this.refusalOfState(messageId, "any-time");
    if (refusal) return refusal;
    if (on && own.length >= MOST_REACTIONS) return refused("validation-failed");
    return ok({ event: this.react(user, messageId, emoji, on ? "reaction-added" : "reaction-removed", relay) });
  }

  start(actor: User, relay: string | null = null): ApiResult<CommandAnswer> {
    return this.move(actor, "SCHEDULED", "IN_PROGRESS", relay);
  }

  complete(actor: User, relay: string | null = null, note: string | null = null): ApiResult<CommandAnswer> {
    return this.move(actor, "IN_PROGRESS", "COMPLETED", relay, note);
  }

  cancel(actor: User, relay: string | null = null): ApiResult<CommandAnswer> {
    return this.move(actor, "SCHEDULED", "CANCELLED", relay);
  }

  /** It completes by itself that much later. */
  announce(
    actor: User,
    { afterSeconds, note }: { afterSeconds: number; note: string | null },
    relay: string | null = null,
  ): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfPractitioner(actor);
    if (refusal) return refusal;
    if (this.status === "COMPLETED") return ok({ event: null });
    if (this.status !== "IN_PROGRESS") return refused("consultation-not-in-progress");
    if (this.#closing) return ok({ event: null });
    const at = this.nextAt();
    const closesAt = new Date(Date.parse(at) + afterSeconds * 1_000).toISOString();
    this.#closing = { at: closesAt, note, by: actor };
    return ok({ event: this.tellStatus(actor, { type: "consultation-closing", actor, closesAt }, relay, at) });
  }

  /** An announced end is taken back. */
  withdraw(actor: User, relay: string | null = null): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfPractitioner(actor);
    if (refusal) return refusal;
    if (!this.#closing) return ok({ event: null });
    this.#closing = null;
    return ok({ event: this.tellStatus(actor, { type: "consultation-continued", actor }, relay) });
  }

  /** An announced end is due now. */
  hasten(): void {
    if (this.#closing) this.#closing = { ...this.#closing, at: new Date(this.now() - 1_000).toISOString() };
  }

  /** What was announced and is due; every relay asks for it now and then. */
  completeDue(relay: string | null = null): Event | null {
    if (!this.#closing || Date.parse(this.#closing.at) > this.now()) return null;
    return this.setStatus(this.#closing.by, "COMPLETED", relay);
  }

  /** `user`: null stands for an id that nobody has. */
  addParticipant(actor: User, user: User | null, relay: string | null = null): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfPractitioner(actor);
    if (refusal) return refusal;
    if (user && this.isMember(user)) return ok({ event: null });
    if (!user || user.role === "PATIENT") return refused("validation-failed");
    if (!this.isOpen()) return refused("consultation-state");
    return ok({ event: this.join(actor, user, relay) });
  }

  removeParticipant(actor: User, userId: string, relay: string | null = null): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfPractitioner(actor);
    if (refusal) return refusal;
    const membership = this.#memberships.find(({ user }) => user.id === userId);
    if (!membership) return refused("not-found");
    if (membership.left) return ok({ event: null });
    const practitioners = this.members.filter(({ role }) => role === "PRACTITIONER");
    if (practitioners.length === 1 && practitioners[0]?.id === userId) return refused("validation-failed");
    if (!this.isOpen()) return refused("consultation-state");
    return ok({ event: this.leave(actor, membership.user, relay) });
  }

  // ── What commands come to once nothing speaks against them ────────────────────────────────────────────────────────

  edit(author: User, messageId: string, content: string, relay: string | null = null): Event {
    const at = this.nextAt();
    this.change(messageId, { content, editedAt: at });
    return this.append({ type: "message-edited", actorId: author.id, messageId }, relay, at);
  }

  delete(author: User, messageId: string, relay: string | null = null): Event {
    const at = this.nextAt();
    this.change(messageId, { content: null, deletedAt: at, attachments: [], reactions: [], replyTo: null });
    return this.append({ type: "message-deleted", actorId: author.id, messageId }, relay, at);
  }

  react(
    user: User,
    messageId: string,
    emoji: string,
    type: "reaction-added" | "reaction-removed",
    relay: string | null = null,
  ): Event {
    const { reactions } = this.message(messageId);
    const others = reactions.find((r) => r.emoji === emoji)?.userIds.filter((id) => id !== user.id) ?? [];
    const userIds = type === "reaction-added" ? [...others, user.id].sort() : others;
    const rest = reactions.filter((r) => r.emoji !== emoji);
    const next = userIds.length > 0 ? [...rest, { emoji, userIds }] : rest;
    this.change(messageId, { reactions: next.sort((a, b) => compareEmoji(a.emoji, b.emoji)) });
    return this.append({ type, actorId: user.id, messageId, userId: user.id, emoji }, relay);
  }

  setStatus(
    actor: User,
    status: "IN_PROGRESS" | "COMPLETED" | "CANCELLED",
    relay: string | null = null,
    note: string | null = null,
  ): Event {
    const at = this.nextAt();
    const closingNote = note ?? this.#closing?.note ?? null;
    this.status = status;
    this.#closing = null;
    if (status === "IN_PROGRESS") this.#startedAt = at;
    else this.#endedAt = at;
    return this.tellStatus(actor, systemLineOf(actor, status, closingNote), relay, at);
  }

  join(actor: User, user: User, relay: string | null = null): Event {
    this.#memberships = [...this.#memberships.filter((one) => one.user.id !== user.id), { user, left: false }];
    const messageId = this.systemLine({ type: "user-joined", actor, user });
    return this.append({ type: "user-joined", actorId: actor.id, messageId, user }, relay);
  }

  leave(actor: User, user: User, relay: string | null = null): Event {
    this.#memberships = this.#memberships.map((one) => (one.user.id === user.id ? { user, left: true } : one));
    this.cursor.hintsOnly = true;
    const messageId = this.systemLine({ type: "user-left", actor, user });
    return this.append({ type: "user-left", actorId: actor.id, messageId, user }, relay);
  }

  receipt(user: User, receipt: Receipt): ApiResult<{ position: Position }> {
    if (!this.isMember(user)) return refused("not-found");
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
    if (delivered === known.deliveredUpToSeq && read === known.readUpToSeq) return ok({ position: known });
    this.positions.set(user.id, position);
    this.version += 1;
    this.onPosition(position);
    return ok({ position });
  }

  readSnapshot(limit = SNAPSHOT_MESSAGES): Snapshot {
    return {
      consultation: {
        id: CONSULTATION_ID,
        status: this.status,
        subject: "Follow-up",
        scheduledFor: null,
        startedAt: this.#startedAt,
        endedAt: this.#endedAt,
        closesAt: this.closesAt,
      },
      participants: this.members.map((user): Participant => {
        return { user, online: false, lastActiveAt: null, position: this.position(user.id), invitation: null };
      }),
      messages: this.#order.slice(-limit).map((id) => this.joined(id)),
      hasMore: this.#order.length > limit,
      headSeq: this.headSeq,
      epoch: this.epoch,
      serverTime: this.#clock ? new Date(this.#clock()).toISOString() : timeOf(this.headSeq),
      ...this.pushState(),
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
      ...this.pushState(),
    };
  }

  readMessages({ before, limit }: { before: number | null; limit: number }): MessagesPage {
    const older = before === null ? this.#order : this.#order.filter((id) => this.message(id).seq < before);
    return {
      messages: older.slice(-limit).map((id) => this.joined(id)),
      hasMore: older.length > limit,
      headSeq: this.headSeq,
      epoch: this.epoch,
    };
  }

  listFor(user: User): ConsultationRow[] {
    const row = this.rowFor(user);
    return row ? [row] : [];
  }

  /** As row_json(): one line of this person's list. */
  rowFor(user: User): ConsultationRow | null {
    if (!this.isMember(user)) return null;
    const texts = this.#order.map((id) => this.message(id)).filter((m) => m.kind === "text" && m.deletedAt === null);
    const last = texts.at(-1);
    const { readUpToSeq } = this.position(user.id);
    return {
      id: CONSULTATION_ID,
      status: this.status,
      subject: "Follow-up",
      scheduledFor: null,
      counterpart: { ...this.counterpartOf(user), online: false, lastActiveAt: null },
      othersCount: this.members.filter(({ id }) => id !== user.id).length,
      invitation: null,
      lastMessage: last
        ? {
            id: last.id,
            seq: last.seq,
            senderId: last.sender?.id ?? "",
            senderName: last.sender?.name ?? "",
            preview: previewOf(last.content ?? ""),
            createdAt: last.createdAt,
          }
        : null,
      unreadCount: texts.filter(({ seq, sender }) => seq > readUpToSeq && sender?.id !== user.id).length,
      lastActivityAt: this.log.at(-1)?.at ?? timeOf(0),
      headSeq: this.headSeq,
      readUpToSeq,
    };
  }

  // ── Publishing: the functions of publication-lease.ts ─────────────────────────────────────────────────────────────

  claim(owner: string, most: number, held: readonly string[] = []): Publication[] {
    const { cursor } = this;
    if (most < 1 || !cursor.dirty || !this.isFree(owner, held)) return [];
    this.lease(owner);
    return [
      { consultationId: CONSULTATION_ID, fence: cursor.leaseFence, events: this.eventsAfter(cursor.publishedSeq) },
    ];
  }

  advance(fence: number, seq: number): { outcome: "ok" | "lost"; events: Publishable[] } {
    const { cursor } = this;
    if (cursor.leaseFence !== fence || cursor.leaseOwner === null) return { outcome: "lost", events: [] };
    if (seq > cursor.publishedSeq) cursor.failures = 0;
    cursor.publishedSeq = Math.max(cursor.publishedSeq, seq);
    cursor.dirty = this.headSeq > cursor.publishedSeq;
    cursor.leaseOwner = cursor.dirty ? cursor.leaseOwner : null;
    cursor.leaseUntil = cursor.dirty ? this.now() + LEASE_MS : null;
    return { outcome: "ok", events: cursor.dirty ? this.eventsAfter(cursor.publishedSeq) : [] };
  }

  postpone(fence: number): void {
    const { cursor } = this;
    if (cursor.leaseFence !== fence || cursor.leaseOwner === null) return;
    cursor.leaseUntil = this.now() + Math.min(30, 2 ** Math.min(cursor.failures, 5)) * 1_000;
    cursor.leaseOwner = null;
    cursor.failures += 1;
  }

  /** What was postponed may be claimed at once. */
  revive(): void {
    const { cursor } = this;
    if (cursor.dirty && cursor.leaseOwner === null) cursor.leaseUntil = null;
  }

  /** As notices_of(): what is told on people's own channels after these events were published. */
  noticesOf(first: number | null, last: number | null, everybody: boolean, readers: readonly string[]): Notices {
    const told = everybody ? this.members : this.members.filter(({ id }) => readers.includes(id));
    const published = first === null || last === null ? [] : this.log.slice(first - 1, last);
    const others = (message: Message) => this.members.filter(({ id }) => id !== message.sender?.id);
    const written = published
      .filter(({ type }) => type === "new-message")
      .map(({ messageId }) => this.message(messageId))
      .filter(({ deletedAt }) => deletedAt === null)
      .slice(-MOST_NOTICES);
    const changed = published.filter(({ type }) => type === "message-edited" || type === "message-deleted");
    const removed = published.flatMap((entry) =>
      entry.type === "user-left" && !this.isMember(entry.user) ? [entry.user.id] : [],
    );
    return {
      consultationId: CONSULTATION_ID,
      rows: told.flatMap((user) => {
        const row = this.rowFor(user);
        return row ? [{ userId: user.id, row }] : [];
      }),
      written: written.map((message) => ({
        messageId: message.id,
        seq: message.seq,
        senderName: message.sender?.name ?? "",
        preview: previewOf(message.content ?? ""),
        tell: others(message)
          .filter(({ id }) => this.position(id).readUpToSeq < message.seq)
          .map(({ id }) => id),
      })),
      changed: [...new Set(changed.map(({ messageId }) => messageId))].map((messageId) => {
        const message = this.message(messageId);
        const preview = message.content === null ? null : previewOf(message.content);
        return { messageId, preview, tell: others(message).map(({ id }) => id) };
      }),
      removed: [...new Set(removed)],
    };
  }

  // ── Backups ───────────────────────────────────────────────────────────────────────────────────────────────────────

  backup(): Backup {
    return structuredClone({
      status: this.status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      messages: [...this.messages],
      bodies: [...this.bodies],
      log: this.log,
      memberships: this.#memberships,
      closing: this.#closing,
      positions: [...this.positions],
      cursor: this.cursor,
    });
  }

  /** A backup is put back: everything after it never happened, and the epoch says so. */
  restore(backup: Backup): void {
    const { status, startedAt, endedAt, messages, bodies, log, positions, cursor, ...people } = structuredClone(backup);
    this.status = status;
    this.#closing = people.closing;
    this.#memberships = [...people.memberships];
    this.#startedAt = startedAt;
    this.#endedAt = endedAt;
    this.messages = new Map(messages);
    this.bodies = new Map(bodies);
    this.log = [...log];
    this.positions = new Map(positions);
    // As `npm run db:restored`: what a relay still holds belongs to the other history.
    this.cursor = { ...cursor, leaseFence: cursor.leaseFence + 1_000_000, leaseOwner: null, leaseUntil: null };
    this.#order = messages.map(([id]) => id);
    this.beginEpoch();
  }

  /** As `restore`, for the log alone: everything after `seq` never happened. */
  restoreTo(seq: number): void {
    for (const entry of this.log.slice(seq)) {
      if (entry.type !== "new-message") continue;
      this.messages.delete(entry.messageId);
      this.bodies.delete(entry.messageId);
    }
    this.log = this.log.slice(0, seq);
    this.#order = this.#order.filter((id) => this.messages.has(id));
    this.positions = new Map();
    this.beginEpoch();
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

  /** Not there for this person, or not theirs to correct. */
  private refusalOfCorrection(author: User, messageId: string): ApiResult<never> | null {
    if (!this.isMember(author) || !this.messages.has(messageId)) return refused("not-found");
    const { kind, sender } = this.message(messageId);
    return kind === "text" && sender?.id === author.id ? null : refused("not-allowed");
  }

  private refusalOfState(messageId: string, when: "window" | "any-time"): ApiResult<never> | null {
    const { deletedAt, createdAt } = this.message(messageId);
    if (this.status !== "IN_PROGRESS") return refused("consultation-not-in-progress");
    if (deletedAt !== null) return refused("message-deleted");
    const age = this.now() - Date.parse(createdAt);
    return when === "window" && age > this.#editWindowMs ? refused("edit-window-closed") : null;
  }

  private refusalOfPractitioner(actor: User): ApiResult<never> | null {
    if (!this.isMember(actor)) return refused("not-found");
    return actor.role === "PRACTITIONER" ? null : refused("not-allowed");
  }

  private isOpen(): boolean {
    return this.status === "SCHEDULED" || this.status === "IN_PROGRESS";
  }

  /** For a practitioner the patient, for everybody else the practitioner; who left only if nobody else is there. */
  private counterpartOf(user: User): User {
    const wanted = user.role === "PRACTITIONER" ? "PATIENT" : "PRACTITIONER";
    const others = this.#memberships.filter((one) => one.user.id !== user.id);
    const rank = ({ left, user: { role } }: Membership) => (left ? 2 : 0) + (role === wanted ? 0 : 1);
    return [...others].sort((a, b) => rank(a) - rank(b))[0]?.user ?? user;
  }

  private tellStatus(actor: User, line: SystemLine, relay: string | null, at: string = this.nextAt()): Event {
    const messageId = this.systemLine(line, at);
    const body = { type: "consultation-status-changed", actorId: actor.id, messageId, status: this.status } as const;
    return this.append(body, relay, at);
  }

  private move(
    actor: User,
    from: ConsultationStatus,
    to: "IN_PROGRESS" | "COMPLETED" | "CANCELLED",
    relay: string | null,
    note: string | null = null,
  ): ApiResult<CommandAnswer> {
    const refusal = this.refusalOfPractitioner(actor);
    if (refusal) return refusal;
    if (this.status === to) return ok({ event: null });
    if (this.status !== from) {
      return refused(from === "IN_PROGRESS" ? "consultation-not-in-progress" : "consultation-state");
    }
    return ok({ event: this.setStatus(actor, to, relay, note) });
  }

  private append(body: EntryBody, relay: string | null = null, at: string = this.nextAt()): Event {
    const entry = { ...body, seq: this.headSeq + 1, at } as Entry;
    this.log.push(entry);
    this.version += 1;
    const event = this.eventOf(entry);
    const idle = !this.cursor.dirty;
    const fence = idle && relay !== null ? this.lease(relay) : null;
    this.cursor.dirty = true;
    this.onCommit(event, { fence, unheld: idle && relay === null, hintsOnly: this.cursor.hintsOnly });
    return event;
  }

  /** Live delivery as the database sees it; `push` is what a test that has no relays says of it. */
  private pushState(): { push: PushState; pushLagMs: number } {
    const { dirty, failures, publishedSeq } = this.cursor;
    const next = this.log[publishedSeq];
    if (this.#clock === null || !dirty || !next) return { push: this.push, pushLagMs: 0 };
    const pushLagMs = Math.max(0, this.now() - Date.parse(next.at));
    return { push: failures > 0 || pushLagMs > LATE_MS ? "delayed" : this.push, pushLagMs };
  }

  private isFree(owner: string, held: readonly string[]): boolean {
    const { leaseUntil, leaseOwner } = this.cursor;
    const now = this.now();
    if (leaseUntil === null || leaseUntil < now) return true;
    if (leaseOwner === null || leaseUntil >= now + LEASE_MS - LEASE_CERTAIN_MS) return false;
    return leaseOwner === owner ? !held.includes(CONSULTATION_ID) : !this.isRelayAlive(leaseOwner);
  }

  private lease(owner: string): number {
    this.cursor.leaseOwner = owner;
    this.cursor.leaseFence += 1;
    this.cursor.leaseUntil = this.now() + LEASE_MS;
    return this.cursor.leaseFence;
  }

  private eventsAfter(seq: number): Publishable[] {
    const events = this.log.slice(seq, seq + EVENTS_A_BATCH).map((entry) => this.eventOf(entry));
    return this.cursor.hintsOnly ? events.map(hintOf) : events;
  }

  private insert(
    id: string,
    body: Pick<Message, "kind" | "content" | "sender" | "replyTo" | "system">,
    at: string = this.nextAt(),
  ): void {
    const seq = this.headSeq + 1;
    const empty = { attachments: [], reactions: [], editedAt: null, deletedAt: null };
    this.messages.set(id, { ...empty, ...body, id, seq, rev: seq, createdAt: at });
    this.#order.push(id);
  }

  private systemLine(system: SystemLine, at?: string): string {
    this.#systemLines += 1;
    const id = `0190ffff-0000-7000-8000-${String(this.#systemLines).padStart(12, "0")}`;
    this.insert(id, { kind: "system", content: null, sender: null, replyTo: null, system }, at);
    return id;
  }

  private beginEpoch(): void {
    this.#epochs += 1;
    this.version += 1;
    this.epoch = `epoch-${this.#epochs}`;
  }

  private change(id: string, patch: Partial<Message>): void {
    this.messages.set(id, { ...this.message(id), ...patch, rev: this.headSeq + 1 } satisfies Message);
  }

  private quote(id: string): Message["replyTo"] {
    const { seq, sender, content } = this.message(id);
    return { id, seq, senderName: sender?.name ?? "", excerpt: excerptOf(content) };
  }

  /** As every read gives it: the quote shows its message as that is now. */
  private joined(id: string): Message {
    const message = this.message(id);
    const replyTo = message.replyTo && {
      ...message.replyTo,
      excerpt: excerptOf(this.message(message.replyTo.id).content),
    };
    return { ...message, replyTo };
  }

  private position(userId: string): Position {
    const start = { userId, deliveredUpToSeq: 0, deliveredAt: null, readUpToSeq: 0, readAt: null };
    return this.positions.get(userId) ?? start;
  }

  private now(): number {
    return this.#clock ? this.#clock() : WORLD_BEGAN + this.headSeq * 1_000;
  }

  /** Time never runs backwards in seq, whatever the server's clock does. */
  private nextAt(): string {
    if (!this.#clock) return timeOf(this.headSeq + 1);
    const now = new Date(this.#clock()).toISOString();
    const last = this.log.at(-1)?.at ?? now;
    return last > now ? last : now;
  }
}

function timeOf(seq: number): string {
  return new Date(WORLD_BEGAN + seq * 1_000).toISOString();
}

function membershipsOf(users: readonly User[]): Membership[] {
  return users.map((user) => ({ user, left: false }));
}

function systemLineOf(
  actor: User,
  status: "IN_PROGRESS" | "COMPLETED" | "CANCELLED",
  closingNote: string | null,
): SystemLine {
  switch (status) {
    case "IN_PROGRESS":
      return { type: "consultation-started", actor };
    case "COMPLETED":
      return { type: "consultation-completed", actor, closingNote };
    case "CANCELLED":
      return { type: "consultation-cancelled", actor };
  }
}

function ok<T>(value: T): ApiResult<T> {
  return { ok: true, value };
}

export function refused(code: ErrorCode, retryAfterMs: number | null = null): ApiResult<never> {
  return { ok: false, failure: { kind: "refused", status: ERROR_STATUS[code], code, retryAfterMs } };
}
