import type { ErrorCode } from "@/lib/protocol/errors";
import type { Message } from "@/lib/protocol/message";
import type { Conversation } from "./conversation";
import type { MessageStatus } from "./message-status";

/** What a command waits for its author to decide about: a definite refusal, or that it lay here for more than a day. */
export type ParkReason = ErrorCode | "too-old";

/** A message of mine that the log does not have yet. */
export interface PendingSend {
  readonly id: string;
  readonly content: string;
  readonly state: "queued" | "sending" | "parked";
  /** Why it waits: a refusal, its age, the network, or null (its turn has not come, or one before it is parked). */
  readonly reason: ParkReason | "network" | null;
  /** Order of queueing. */
  readonly serial: number;
}

export interface TimelineItem {
  /** The message id, the same from the composer to the confirmed row (B4). */
  readonly key: string;
  readonly message: Message | null;
  readonly pending: null | {
    readonly state: PendingSend["state"];
    readonly reason: PendingSend["reason"];
    readonly content: string;
    readonly queuedAtSerial: number;
  };
  readonly own: boolean;
  /** Only own text messages have one. */
  readonly delivery: MessageStatus | null;
}

export type TimelineSelector = (
  conversation: Conversation | null,
  pending: readonly PendingSend[],
) => readonly TimelineItem[];

/**
 * SEQ2: confirmed messages by seq, then own unsent ones in the order they were queued. Items keep their identity while
 * nothing shown of them changes, so a memoised row does not render again; the whole list does if nothing at all did.
 */
export function createTimelineSelector(viewerId: string): TimelineSelector {
  let messages: readonly Message[] = [];
  let reached: Reached = { delivered: 0, read: 0 };
  let commands: readonly PendingSend[] = [];
  let confirmed: readonly TimelineItem[] = [];
  let unsent: ReadonlyMap<PendingSend, TimelineItem> = new Map();
  let items: readonly TimelineItem[] = [];

  return (conversation, pending) => {
    const nextMessages = conversation?.messages ?? messages;
    const nextReached = conversation ? furthestOfOthers(conversation, viewerId) : reached;
    const sameReached = nextReached.delivered === reached.delivered && nextReached.read === reached.read;
    const sameConfirmed = nextMessages === messages && sameReached;
    if (sameConfirmed && pending === commands) return items;

    if (!sameConfirmed) {
      const kept = sameReached ? sharedStart(nextMessages, messages) : 0;
      confirmed = confirmedItems(nextMessages, confirmed, viewerId, nextReached, kept);
    }
    // The log knows better than the queue: one id is one item, and it stands where the log put it (ID1, B4).
    const inLog = idsInLog(nextMessages, pending);
    const waiting = pending.filter((command) => !inLog.has(command.id));
    unsent = new Map(waiting.map((command) => [command, unsent.get(command) ?? pendingItem(command)]));

    messages = nextMessages;
    reached = nextReached;
    commands = pending;
    items = unsent.size === 0 ? confirmed : [...confirmed, ...unsent.values()];
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
  let moved: ReadonlyMap<Message | null, TimelineItem> | null = null;
  const rest = messages.slice(kept).map((message, index) => {
    let item = before[kept + index];
    if (item && item.message?.id !== message.id) {
      moved ??= new Map(before.map((known) => [known.message, known]));
      item = moved.get(message);
    }
    const delivery = deliveryOf(message, viewerId, reached);
    if (item?.message === message && item.delivery === delivery) return item;
    return { key: message.id, message, pending: null, own: message.sender?.id === viewerId, delivery };
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

function pendingItem(command: PendingSend): TimelineItem {
  const { id, state, reason, content, serial } = command;
  return {
    key: id,
    message: null,
    pending: { state, reason, content, queuedAtSerial: serial },
    own: true,
    delivery: state,
  };
}

interface Reached {
  readonly delivered: number;
  readonly read: number;
}

/** With several others a message counts as delivered or read once it reached the first of them. */
function furthestOfOthers(conversation: Conversation, viewerId: string): Reached {
  let delivered = 0;
  let read = 0;
  for (const { user, position } of conversation.participants) {
    if (user.id === viewerId) continue;
    delivered = Math.max(delivered, position.deliveredUpToSeq);
    read = Math.max(read, position.readUpToSeq);
  }
  return { delivered, read };
}

function deliveryOf(message: Message, viewerId: string, reached: Reached): MessageStatus | null {
  if (message.kind !== "text" || message.sender?.id !== viewerId) return null;
  if (message.seq <= reached.read) return "read";
  return message.seq <= reached.delivered ? "delivered" : "sent";
}
