import type { Event } from "@/lib/protocol/event";
import { excerptOf } from "@/lib/protocol/excerpt";
import type { Message } from "@/lib/protocol/message";
import type { Position } from "@/lib/protocol/position";
import type { Consultation, MessagesPage, Participant, PushState, Snapshot } from "@/lib/protocol/snapshot";

/**
 * What this client knows of one consultation: the fold of its log up to `seq`, over a window of messages that is
 * contiguous from the oldest loaded one to the head. Only confirmed facts live here; unsent commands are laid over
 * them by a selector (timeline.ts), so nothing in here ever needs undoing.
 */
export interface Conversation {
  readonly consultation: Consultation;
  /** Everybody who takes part now, each with their position. */
  readonly participants: readonly Participant[];
  /** Ascending by seq (SEQ2). */
  readonly messages: readonly Message[];
  /** Messages older than the window exist. */
  readonly hasMore: boolean;
  /** The last event folded in. */
  readonly seq: number;
  /** Its time, when it came as an event: lets the server recognise a client of another history. */
  readonly at: string | null;
  readonly epoch: string;
  readonly push: PushState;
  /** All positions heard of, those of people whose joining is not folded in yet included. */
  readonly positions: ReadonlyMap<string, Position>;
  /** Changes that a page of older messages, read before them, may still undo (RCV6). Ascending by seq. */
  readonly unseenChanges: readonly ChangeEvent[];
}

type ChangeEvent = Extract<
  Event,
  { type: "message-edited" | "message-deleted" | "reaction-added" | "reaction-removed" }
>;

export type Input =
  | { type: "snapshot"; snapshot: Snapshot }
  | { type: "event"; event: Event }
  | { type: "older-page"; before: number; page: MessagesPage }
  | { type: "positions"; positions: readonly Position[] }
  | { type: "push-state"; push: PushState };

/**
 * "gap": events before this one are missing, nothing was changed. "other-history": the input comes from another epoch
 * than the state, nothing was changed; the caller starts over from a snapshot (RCV4).
 */
export type Outcome = "applied" | "ignored" | "gap" | "other-history";

export interface Applied {
  readonly state: Conversation;
  readonly outcome: Outcome;
}

/** The state right after a fresh read. */
export function openConversation(snapshot: Snapshot): Conversation {
  return {
    consultation: snapshot.consultation,
    participants: snapshot.participants,
    messages: snapshot.messages,
    hasMore: snapshot.hasMore,
    seq: snapshot.headSeq,
    at: null,
    epoch: snapshot.epoch,
    push: snapshot.push,
    positions: new Map(snapshot.participants.map(({ position }) => [position.userId, position])),
    unseenChanges: [],
  };
}

/** The only way state changes. Returns the same object when nothing did. */
export function apply(state: Conversation, input: Input): Applied {
  switch (input.type) {
    case "snapshot":
      return { state: openConversation(input.snapshot), outcome: "applied" };
    case "event":
      return applyEvent(state, input.event);
    case "older-page":
      return applyOlderPage(state, input.before, input.page);
    case "positions":
      return changed(state, withPositions(state, input.positions));
    case "push-state":
      return changed(state, state.push === input.push ? state : { ...state, push: input.push });
  }
}

function changed(before: Conversation, after: Conversation): Applied {
  return { state: after, outcome: after === before ? "ignored" : "applied" };
}

/** RCV1: exactly the next number. The epoch is judged first, because numbers of two histories cannot be compared. */
function applyEvent(state: Conversation, event: Event): Applied {
  if (event.epoch !== state.epoch) return { state, outcome: "other-history" };
  if (event.seq <= state.seq) return { state, outcome: "ignored" };
  if (event.seq > state.seq + 1) return { state, outcome: "gap" };
  return { state: { ...fold(state, event), seq: event.seq, at: event.at }, outcome: "applied" };
}

function fold(state: Conversation, event: Event): Conversation {
  switch (event.type) {
    case "new-message":
      return { ...state, messages: append(state.messages, event.data.message) };
    case "message-edited":
    case "message-deleted":
    case "reaction-added":
    case "reaction-removed":
      return {
        ...state,
        messages: changeMessages(state.messages, event),
        unseenChanges: mayArriveLater(state, changedId(event)) ? [...state.unseenChanges, event] : state.unseenChanges,
      };
    case "consultation-status-changed":
      return {
        ...state,
        consultation: withStatus(state.consultation, event),
        messages: append(state.messages, event.data.message),
      };
    case "user-joined": {
      const { user, message } = event.data;
      const others = state.participants.filter((participant) => participant.user.id !== user.id);
      const position = state.positions.get(user.id) ?? startOf(user.id);
      const joined: Participant = { user, online: false, lastActiveAt: null, position };
      return { ...state, participants: [...others, joined], messages: append(state.messages, message) };
    }
    case "user-left": {
      const { user, message } = event.data;
      return {
        ...state,
        participants: state.participants.filter((participant) => participant.user.id !== user.id),
        messages: append(state.messages, message),
      };
    }
  }
}

function append(messages: readonly Message[], message: Message): readonly Message[] {
  return [...messages, message];
}

function withStatus(
  consultation: Consultation,
  { at, data: { status } }: Extract<Event, { type: "consultation-status-changed" }>,
): Consultation {
  const startedAt = status === "IN_PROGRESS" ? at : consultation.startedAt;
  const endedAt = status === "COMPLETED" || status === "CANCELLED" ? at : consultation.endedAt;
  return { ...consultation, status, startedAt, endedAt };
}

function changedId(change: ChangeEvent): string {
  return change.type === "message-edited" ? change.data.message.id : change.data.messageId;
}

function mayArriveLater(state: Conversation, messageId: string): boolean {
  return state.hasMore && !state.messages.some((message) => message.id === messageId);
}

/** One change laid over messages: over the message itself and over the quotes of it. Same array if it touches none. */
function changeMessages(messages: readonly Message[], change: ChangeEvent): readonly Message[] {
  const id = changedId(change);
  let touched = false;
  const result = messages.map((message) => {
    const next = message.id === id ? changeMessage(message, change) : changeQuote(message, id, change);
    if (next !== message) touched = true;
    return next;
  });
  return touched ? result : messages;
}

/**
 * RCV6: a body carries all changes up to its `rev`, so a change at or below it has been seen already. Without this a
 * replayed "added" would bring back a reaction that the body, joined later, rightly no longer has.
 */
function changeMessage(message: Message, change: ChangeEvent): Message {
  if (change.type === "message-edited") {
    return change.data.message.rev > message.rev ? change.data.message : message;
  }
  const { rev } = change.data;
  if (rev <= message.rev) return message;
  switch (change.type) {
    case "message-deleted": {
      const { deletedAt } = change.data;
      return { ...message, rev, deletedAt, content: null, replyTo: null, attachments: [], reactions: [] };
    }
    case "reaction-added":
    case "reaction-removed":
      return { ...message, rev, reactions: withReaction(message.reactions, change) };
  }
}

/** Reactions are sets by (user, emoji): adding twice is adding once, an emoji nobody holds disappears. */
function withReaction(
  reactions: Message["reactions"],
  { type, data: { userId, emoji } }: Extract<Event, { type: "reaction-added" | "reaction-removed" }>,
): Message["reactions"] {
  const holders = reactions.find((reaction) => reaction.emoji === emoji)?.userIds ?? [];
  const others = holders.filter((holder) => holder !== userId);
  const userIds = type === "reaction-added" ? [...others, userId] : others;
  if (holders.length === 0) return userIds.length === 0 ? reactions : [...reactions, { emoji, userIds }];
  return reactions
    .map((reaction) => (reaction.emoji === emoji ? { emoji, userIds } : reaction))
    .filter((reaction) => reaction.userIds.length > 0);
}

function changeQuote(message: Message, quotedId: string, change: ChangeEvent): Message {
  if (message.replyTo?.id !== quotedId) return message;
  if (change.type !== "message-edited" && change.type !== "message-deleted") return message;
  const excerpt = change.type === "message-edited" ? excerptOf(change.data.message.content) : null;
  return excerpt === message.replyTo.excerpt ? message : { ...message, replyTo: { ...message.replyTo, excerpt } };
}

/**
 * A page is as of its `headSeq`, and may have been overtaken on its way by changes already folded in: those are laid
 * over it. Pages are asked for one after the other, so the next one is at least as new as this one; what this one
 * already knew need not be remembered any longer (RCV6).
 */
function applyOlderPage(state: Conversation, before: number, page: MessagesPage): Applied {
  if (page.epoch !== state.epoch) return { state, outcome: "other-history" };
  const oldest = state.messages[0];
  // Asked for before the window was replaced: joining it on would leave a hole.
  if (!oldest || oldest.seq !== before) return { state, outcome: "ignored" };
  const newer = state.unseenChanges.filter((change) => change.seq > page.headSeq);
  const older = newer.reduce(changeMessages, page.messages as readonly Message[]);
  return {
    state: {
      ...state,
      messages: [...older, ...state.messages],
      hasMore: page.hasMore,
      unseenChanges: page.hasMore ? newer : [],
    },
    outcome: "applied",
  };
}

function startOf(userId: string): Position {
  return { userId, deliveredUpToSeq: 0, deliveredAt: null, readUpToSeq: 0, readAt: null };
}

/** RCV7: the larger number wins together with its time, in whatever order positions arrive. */
export function mergePosition(a: Position, b: Position): Position {
  const delivered = b.deliveredUpToSeq > a.deliveredUpToSeq ? b : a;
  const read = b.readUpToSeq > a.readUpToSeq ? b : a;
  if (delivered === read) return delivered;
  return {
    userId: a.userId,
    deliveredUpToSeq: delivered.deliveredUpToSeq,
    deliveredAt: delivered.deliveredAt,
    readUpToSeq: read.readUpToSeq,
    readAt: read.readAt,
  };
}

function withPositions(state: Conversation, incoming: readonly Position[]): Conversation {
  const positions = new Map(state.positions);
  let moved = false;
  for (const position of incoming) {
    const known = positions.get(position.userId);
    const merged = known ? mergePosition(known, position) : position;
    if (merged === known) continue;
    positions.set(position.userId, merged);
    moved = true;
  }
  if (!moved) return state;
  const participants = state.participants.map((participant) => {
    const position = positions.get(participant.user.id) ?? participant.position;
    return position === participant.position ? participant : { ...participant, position };
  });
  return { ...state, positions, participants };
}
