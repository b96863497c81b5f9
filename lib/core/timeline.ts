import type { ErrorCode } from "@/lib/protocol/errors";
import { excerptOf } from "@/lib/protocol/excerpt";
import type { Message } from "@/lib/protocol/message";
import type { Conversation } from "./conversation";
import type { MessageStatus } from "./message-status";
import { withReaction } from "./reactions";
import { isSameList } from "./same-list";

/** What a command waits for its author to decide about: a definite refusal, or that it lay here for more than a day. */
export type ParkReason = ErrorCode | "too-old";

interface PendingCommand {
  /** Of the command. That of a send is its message's. */
  readonly id: string;
  readonly state: "queued" | "sending" | "parked";
  /** Why it waits: a refusal, its age, the network, or null (its turn has not come, or one before it is parked). */
  readonly reason: ParkReason | "network" | null;
  /** Order of queueing. */
  readonly serial: number;
}

/** A message of mine that the log does not have yet. */
export interface PendingSend extends PendingCommand {
  readonly content: string;
  readonly replyToId: string | null;
}

/**
 * A change of mine that the log does not have yet. A parked reaction is one that was refused: it is told for a moment
 * and then forgotten.
 */
export type PendingChange = PendingCommand & { readonly messageId: string } & (
    | { readonly kind: "edit"; readonly content: string }
    | { readonly kind: "delete" }
    | { readonly kind: "react"; readonly emoji: string; readonly on: boolean }
  );

/** What an unsent message answers to, as far as it is loaded here. */
export interface Quote {
  readonly id: string;
  /** null: not loaded, or not in the log yet. */
  readonly seq: number | null;
  /** null: not loaded. */
  readonly senderName: string | null;
  /** null: deleted, or not loaded. */
  readonly excerpt: string | null;
}

export interface TimelineItem {
  /** The message id, the same from the composer to the confirmed row (B4). */
  readonly key: string;
  /** As the log has it, but with my reactions as I want them. */
  readonly message: Message | null;
  readonly pending: null | {
    readonly state: PendingSend["state"];
    readonly reason: PendingSend["reason"];
    readonly content: string;
    readonly replyTo: Quote | null;
    readonly queuedAtSerial: number;
  };
  /**
   * A correction of mine that the log does not have yet, or that was refused. An edit that was refused and whose
   * message is not loaded stands alone, so that its words are seen: then `message` is null and the key the command's.
   */
  readonly change: null | {
    readonly kind: "edit" | "delete";
    readonly state: PendingCommand["state"];
    readonly reason: PendingCommand["reason"];
    readonly commandId: string;
    /** The words of an edit. */
    readonly content: string | null;
  };
  /** My reaction that was just refused. */
  readonly refusedReaction: null | {
    readonly emoji: string;
    readonly on: boolean;
    readonly reason: PendingCommand["reason"];
  };
  readonly own: boolean;
  /** Only own text messages have one. */
  readonly delivery: MessageStatus | null;
  /** When it got that far; null where nobody saw it, because it did so in one stride with later ones. */
  readonly deliveryAt: string | null;
}

export type TimelineSelector = (
  conversation: Conversation | null,
  pending: readonly PendingSend[],
  changes: readonly PendingChange[],
) => readonly TimelineItem[];

const NO_MESSAGES: readonly Message[] = [];
const UNTOUCHED = { change: null, refusedReaction: null } as const;

/**
 * SEQ2: confirmed messages by seq, then own unsent ones in the order they were queued; changes that are on their way
 * are laid over both. Items keep their identity while nothing shown of them changes, so a memoised row does not render
 * again; the whole list does if nothing at all did.
 */
export function createTimelineSelector(viewerId: string): TimelineSelector {
  let messages = NO_MESSAGES;
  let reached = NOBODY_YET;
  let commands: readonly PendingSend[] = [];
  let corrections: readonly PendingChange[] = [];
  let confirmed: readonly TimelineItem[] = [];
  let unsent: ReadonlyMap<string, TimelineItem> = new Map();
  let laid: ReadonlyMap<string, Laid> = new Map();
  let items: readonly TimelineItem[] = [];

  return (conversation, pending, changes) => {
    const nextMessages = conversation?.messages ?? NO_MESSAGES;
    const nextReached = conversation ? furthestOfOthers(conversation, viewerId) : NOBODY_YET;
    const sameReached = nextReached.delivered === reached.delivered && nextReached.read === reached.read;
    const sameConfirmed = nextMessages === messages && sameReached;
    if (sameConfirmed && pending === commands && changes === corrections) return items;

    if (!sameConfirmed) {
      const kept = sameReached ? sharedStart(nextMessages, messages) : 0;
      confirmed = confirmedItems(nextMessages, confirmed, viewerId, nextReached, kept);
    }
    // The log knows better than the queue: one id is one item, and it stands where the log put it (ID1, B4).
    const inLog = idsInLog(nextMessages, pending);
    const waiting = pending.filter((command) => !inLog.has(command.id));
    const quoteOf = quoter(conversation, pending, viewerId);
    unsent = new Map(waiting.map((command) => [command.id, pendingItem(command, quoteOf, unsent.get(command.id))]));

    messages = nextMessages;
    reached = nextReached;
    commands = pending;
    corrections = changes;
    const plain = unsent.size === 0 ? confirmed : [...confirmed, ...unsent.values()];
    [items, laid] = layOver(plain, changes, viewerId, laid);
    return items;
  };
}

/**
 * Most changes append, so an item is looked for at its old place first; only what moved (an older page came in front)
 * needs a table of all of them.
 */
function confirmedItems(
  messages: readonly Message[],
  before: readonly TimelineItem[],
  viewerId: string,
  reached: Reached,
  kept: number,
): readonly TimelineItem[] {
  let moved: ReadonlyMap<string, TimelineItem> | null = null;
  const newestRead = newestOwn(messages, viewerId, reached.read);
  const newestDelivered = newestOwn(messages, viewerId, reached.delivered);
  const rest = messages.slice(kept).map((message, index) => {
    let known = before[kept + index];
    if (known && known.key !== message.id) {
      moved ??= new Map(before.map((item) => [item.key, item]));
      known = moved.get(message.id);
    }
    const delivery = deliveryOf(message, viewerId, reached);
    if (known?.message === message && known.delivery === delivery) return known;
    const witnessed =
      (known && known.delivery !== delivery) || message.seq === newestRead || message.seq === newestDelivered;
    const deliveryAt = known?.delivery === delivery ? known.deliveryAt : timeOf(message, delivery, reached, witnessed);
    const own = message.sender?.id === viewerId;
    return { key: message.id, message, pending: null, ...UNTOUCHED, own, delivery, deliveryAt };
  });
  return [...before.slice(0, kept), ...rest];
}

function sharedStart(a: readonly Message[], b: readonly Message[]): number {
  let count = 0;
  while (count < a.length && a[count] === b[count]) count += 1;
  return count;
}

function idsInLog(messages: readonly Message[], pending: readonly PendingSend[]): ReadonlySet<string> {
  if (pending.length === 0) return new Set();
  const wanted = new Set(pending.map(({ id }) => id));
  return new Set(messages.flatMap(({ id }) => (wanted.has(id) ? [id] : [])));
}

type QuoteOf = (messageId: string | null) => Quote | null;

/** Never from a copy of its own: what is deleted or edited must not live on in a quote (ATK104). */
function quoter(conversation: Conversation | null, pending: readonly PendingSend[], viewerId: string): QuoteOf {
  return (id) => {
    if (id === null) return null;
    const message = conversation?.messages.findLast((known) => known.id === id);
    if (message) {
      const { seq, sender, content } = message;
      return { id, seq, senderName: sender?.name ?? null, excerpt: excerptOf(content) };
    }
    const unsent = pending.find((command) => command.id === id);
    const own = conversation?.participants.find(({ user }) => user.id === viewerId);
    if (unsent && own) return { id, seq: null, senderName: own.user.name, excerpt: excerptOf(unsent.content) };
    return { id, seq: null, senderName: null, excerpt: null };
  };
}

function pendingItem(command: PendingSend, quoteOf: QuoteOf, known: TimelineItem | undefined): TimelineItem {
  const { id, state, reason, content, serial } = command;
  const before = known?.pending;
  const quote = quoteOf(command.replyToId);
  const replyTo = before && isSameQuote(before.replyTo, quote) ? before.replyTo : quote;
  if (
    known &&
    before?.state === state &&
    before.reason === reason &&
    before.content === content &&
    before.queuedAtSerial === serial &&
    before.replyTo === replyTo
  ) {
    return known;
  }
  const pending = { state, reason, content, replyTo, queuedAtSerial: serial };
  return { key: id, message: null, pending, ...UNTOUCHED, own: true, delivery: state, deliveryAt: null };
}

function isSameQuote(a: Quote | null, b: Quote | null): boolean {
  return a?.id === b?.id && a?.seq === b?.seq && a?.senderName === b?.senderName && a?.excerpt === b?.excerpt;
}

/** An item with what is laid over it, as long as neither changes. */
interface Laid {
  readonly plain: TimelineItem | null;
  readonly changes: readonly PendingChange[];
  readonly item: TimelineItem;
}

function layOver(
  plain: readonly TimelineItem[],
  changes: readonly PendingChange[],
  viewerId: string,
  before: ReadonlyMap<string, Laid>,
): readonly [readonly TimelineItem[], ReadonlyMap<string, Laid>] {
  if (changes.length === 0) return [plain, before.size === 0 ? before : new Map()];
  const byMessage = new Map<string, PendingChange[]>();
  for (const change of changes) {
    const others = byMessage.get(change.messageId);
    if (others) others.push(change);
    else byMessage.set(change.messageId, [change]);
  }
  const laid = new Map<string, Laid>();
  const remember = (
    key: string,
    item: TimelineItem | null,
    own: readonly PendingChange[],
    make: () => TimelineItem,
  ) => {
    const known = before.get(key);
    const same = known?.plain === item && isSameList(known.changes, own);
    const next = same ? known : { plain: item, changes: own, item: make() };
    laid.set(key, next);
    return next.item;
  };
  const items = plain.map((item) => {
    const own = byMessage.get(item.key);
    if (!own) return item;
    byMessage.delete(item.key);
    return remember(item.key, item, own, () => withChanges(item, own, viewerId));
  });
  const alone = [...byMessage.values()].flatMap((own) =>
    own.flatMap((change) =>
      change.kind === "edit" && change.state === "parked"
        ? [remember(change.id, null, [change], () => loneEdit(change))]
        : [],
    ),
  );
  return [alone.length === 0 ? items : [...items, ...alone], laid];
}

/** What is still going to happen is shown, and a deletion before all; else the last that did not. */
function withChanges(item: TimelineItem, changes: readonly PendingChange[], viewerId: string): TimelineItem {
  const corrections = changes.filter((change) => change.kind !== "react");
  const waiting = corrections.filter(({ state }) => state !== "parked");
  const shown = waiting.find(({ kind }) => kind === "delete") ?? waiting.at(-1) ?? corrections.at(-1);
  const refused = changes.findLast((change) => change.kind === "react" && change.state === "parked");
  return {
    ...item,
    message: item.message && withOwnReactions(item.message, changes, viewerId),
    change: shown ? changeOf(shown) : null,
    refusedReaction:
      refused?.kind === "react" ? { emoji: refused.emoji, on: refused.on, reason: refused.reason } : null,
  };
}

function withOwnReactions(message: Message, changes: readonly PendingChange[], viewerId: string): Message {
  if (message.deletedAt !== null) return message;
  let { reactions } = message;
  for (const change of changes) {
    if (change.kind !== "react" || change.state === "parked") continue;
    reactions = withReaction(reactions, viewerId, change.emoji, change.on);
  }
  return reactions === message.reactions ? message : { ...message, reactions };
}

function changeOf(change: PendingChange): TimelineItem["change"] {
  const { kind, state, reason, id } = change;
  if (kind === "react") return null;
  return { kind, state, reason, commandId: id, content: kind === "edit" ? change.content : null };
}

function loneEdit(change: Extract<PendingChange, { kind: "edit" }>): TimelineItem {
  const { id, state, reason, content, serial } = change;
  return {
    key: id,
    message: null,
    pending: { state, reason, content, replyTo: null, queuedAtSerial: serial },
    change: changeOf(change),
    refusedReaction: null,
    own: true,
    delivery: state,
    deliveryAt: null,
  };
}

interface Reached {
  readonly delivered: number;
  readonly deliveredAt: string | null;
  readonly read: number;
  readonly readAt: string | null;
}

const NOBODY_YET: Reached = { delivered: 0, deliveredAt: null, read: 0, readAt: null };

/**
 * With several others a message counts as delivered or read once it reached the first of them, and goes on to count
 * when that one leaves: what was told of a message is never taken back (UI1).
 */
function furthestOfOthers({ positions }: Conversation, viewerId: string): Reached {
  let furthest = NOBODY_YET;
  for (const { userId, deliveredUpToSeq, deliveredAt, readUpToSeq, readAt } of positions.values()) {
    if (userId === viewerId) continue;
    if (deliveredUpToSeq > furthest.delivered) furthest = { ...furthest, delivered: deliveredUpToSeq, deliveredAt };
    if (readUpToSeq > furthest.read) furthest = { ...furthest, read: readUpToSeq, readAt };
  }
  return furthest;
}

function deliveryOf(message: Message, viewerId: string, reached: Reached): MessageStatus | null {
  if (!isOwnText(message, viewerId)) return null;
  if (message.seq <= reached.read) return "read";
  return message.seq <= reached.delivered ? "delivered" : "sent";
}

/** A position knows the time of its last step only: of the messages below, that is the time of the newest at most. */
function timeOf(message: Message, delivery: MessageStatus | null, reached: Reached, witnessed: boolean): string | null {
  if (delivery === "sent") return message.createdAt;
  if (delivery === null || !witnessed) return null;
  return delivery === "read" ? reached.readAt : reached.deliveredAt;
}

function newestOwn(messages: readonly Message[], viewerId: string, upToSeq: number): number | undefined {
  if (upToSeq === 0) return undefined;
  return messages.findLast((message) => message.seq <= upToSeq && isOwnText(message, viewerId))?.seq;
}

function isOwnText({ kind, sender }: Message, viewerId: string): boolean {
  return kind === "text" && sender?.id === viewerId;
}
