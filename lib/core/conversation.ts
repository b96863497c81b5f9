import type { Event } from "@/lib/protocol/event";
import { excerptOf } from "@/lib/protocol/excerpt";
import type { Message } from "@/lib/protocol/message";
import type { Position } from "@/lib/protocol/position";
import type { Consultation, MessagesPage, Participant, PushState, Snapshot } from "@/lib/protocol/snapshot";
import { withReaction } from "./reactions";

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
  /** Changes that a page of older messages, read before them, may still undo (RCV6). Ascending by seq, bounded. */
  readonly unseenChanges: readonly ChangeEvent[];
  /** Changes up to here may be missing from `unseenChanges`: a page read before this number cannot be made good. */
  readonly unseenSince: number;
}

/** As many changes to messages not loaded are remembered; beyond that it is cheaper to read a page once more. */
const MAX_UNSEEN_CHANGES = 500;

type ChangeEvent = Extract<
  Event,
  { type: "message-edited" | "message-deleted" | "reaction-added" | "reaction-removed" }
>;

export type Input =
  | { type: "snapshot"; snapshot: Snapshot }
  | { type: "event"; event: Event }
  | { type: "events"; events: readonly Event[] }
  | { type: "older-page"; before: number; page: MessagesPage }
  | { type: "positions"; positions: readonly Position[] }
  | { type: "push-state"; push: PushState };

/**
 * "gap": events before this one are missing. "other-history": the input comes from another epoch than the state; the
 * caller asks which of them the server lives in (RCV4). "overtaken": the page is older than what is remembered of later
 * changes; the caller reads it again. In none of them the input in question changed anything; of several events those
 * before it count.
 */
export type Outcome = "applied" | "ignored" | "gap" | "other-history" | "overtaken";

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
    unseenSince: snapshot.headSeq,
  };
}

/** The same with the newest messages only, as if it had just been read: for what is kept although nobody looks. */
export function keepNewest(state: Conversation, most: number): Conversation {
  if (state.messages.length <= most) return state;
  return {
    ...state,
    messages: state.messages.slice(-most),
    hasMore: true,
    // Older pages are read anew, after all that has changed so far.
    unseenChanges: [],
    unseenSince: state.seq,
  };
}

/** The only way state changes, but for `keepNewest`. Returns the same object when nothing did. */
export function apply(state: Conversation, input: Input): Applied {
  switch (input.type) {
    case "snapshot":
      return { state: reopen(state, input.snapshot), outcome: "applied" };
    case "event":
      return applyEvents(state, [input.event]);
    case "events":
      return applyEvents(state, input.events);
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

/**
 * RCV7: what was heard of positions is not undone by a snapshot that was on its way. Of one further than the snapshot
 * what the snapshot's history has of it stays: nobody's message goes back from read to sent (UI1).
 */
function reopen(state: Conversation, snapshot: Snapshot): Conversation {
  const opened = openConversation(snapshot);
  if (opened.epoch !== state.epoch) return opened;
  const known = [...state.positions.values()];
  return withPositions(
    opened,
    known.map((position) => ({
      ...position,
      deliveredUpToSeq: Math.min(position.deliveredUpToSeq, opened.seq),
      readUpToSeq: Math.min(position.readUpToSeq, opened.seq),
    })),
  );
}

/** However many there are, the window is copied once: a page costs its own length, not that of the conversation. */
function applyEvents(state: Conversation, events: readonly Event[]): Applied {
  const window = new MessageWindow(state.messages);
  let next = state;
  let outcome: Outcome = "ignored";
  for (const event of events) {
    const verdict = judge(next, event);
    if (verdict === "ignored") continue;
    outcome = verdict;
    if (verdict !== "applied") break;
    next = { ...fold(next, event, window), seq: event.seq, at: event.at };
  }
  return { state: next === state ? state : { ...next, messages: window.messages }, outcome };
}

/** RCV1: exactly the next number. The epoch is judged first, because numbers of two histories cannot be compared. */
function judge(state: Conversation, event: Event): Outcome {
  if (event.epoch !== state.epoch) return "other-history";
  if (event.seq <= state.seq) return "ignored";
  if (event.seq > state.seq + 1) return "gap";
  return "applied";
}

/** The messages go into the window, everything else into the state. */
function fold(state: Conversation, event: Event, window: MessageWindow): Conversation {
  switch (event.type) {
    case "new-message":
      window.append(event.data.message);
      return state;
    case "message-edited":
    case "message-deleted":
    case "reaction-added":
    case "reaction-removed":
      window.change(event);
      return mayArriveLater(state, event, window) ? remember(state, event) : state;
    case "consultation-status-changed":
      window.append(event.data.message);
      return { ...state, consultation: withStatus(state.consultation, event) };
    case "user-joined": {
      const { user, message } = event.data;
      const others = state.participants.filter((participant) => participant.user.id !== user.id);
      const position = state.positions.get(user.id) ?? startOf(user.id);
      window.append(message);
      return {
        ...state,
        participants: [...others, { user, online: false, lastActiveAt: null, position, invitation: null }],
      };
    }
    case "user-left": {
      const { user, message } = event.data;
      window.append(message);
      return { ...state, participants: state.participants.filter((participant) => participant.user.id !== user.id) };
    }
  }
}

/** Messages while events are laid over them: copied before the first change, found by id, never written to before. */
class MessageWindow {
  #messages: readonly Message[];
  #own: Message[] | null = null;
  #places: Map<string, number> | null = null;
  readonly #quoting = new Map<string, number[]>();

  constructor(messages: readonly Message[]) {
    this.#messages = messages;
  }

  /** The same array as before when nothing touched it. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  has(messageId: string): boolean {
    return this.#index().has(messageId);
  }

  append(message: Message): void {
    const own = this.#copy();
    own.push(message);
    if (this.#places) this.#note(this.#places, message, own.length - 1);
  }

  /** One change laid over the message itself and over the quotes of it. */
  change(change: ChangeEvent): void {
    const id = changedId(change);
    const place = this.#index().get(id);
    if (place !== undefined) this.#replace(place, (message) => changeMessage(message, change));
    const excerpt = excerptAfter(change, place === undefined ? undefined : this.#messages[place]);
    if (excerpt === undefined) return;
    for (const quoting of this.#quoting.get(id) ?? []) {
      this.#replace(quoting, (message) => changeQuote(message, id, excerpt));
    }
  }

  #replace(place: number, by: (message: Message) => Message): void {
    const message = this.#messages[place];
    if (!message) return;
    const next = by(message);
    if (next !== message) this.#copy()[place] = next;
  }

  #copy(): Message[] {
    this.#own ??= [...this.#messages];
    this.#messages = this.#own;
    return this.#own;
  }

  /** Made when first asked for: most inputs only append. */
  #index(): Map<string, number> {
    if (this.#places) return this.#places;
    const places = new Map<string, number>();
    for (const [place, message] of this.#messages.entries()) this.#note(places, message, place);
    this.#places = places;
    return places;
  }

  #note(places: Map<string, number>, { id, replyTo }: Message, place: number): void {
    places.set(id, place);
    if (replyTo) this.#quoting.set(replyTo.id, [...(this.#quoting.get(replyTo.id) ?? []), place]);
  }
}

/** The line says what happened: an announced end and its withdrawal leave the status as it is. */
function withStatus(
  consultation: Consultation,
  { at, data: { status, message } }: Extract<Event, { type: "consultation-status-changed" }>,
): Consultation {
  const line = message.system;
  const ended = line?.type === "consultation-completed" || line?.type === "consultation-cancelled";
  return {
    ...consultation,
    status,
    startedAt: line?.type === "consultation-started" ? at : consultation.startedAt,
    endedAt: ended ? at : consultation.endedAt,
    closesAt: line?.type === "consultation-closing" ? line.closesAt : null,
  };
}

function changedId(change: ChangeEvent): string {
  return change.type === "message-edited" ? change.data.message.id : change.data.messageId;
}

function mayArriveLater(state: Conversation, change: ChangeEvent, window: MessageWindow): boolean {
  return state.hasMore && !window.has(changedId(change));
}

/** Bounded: all is forgotten at once, and pages read before now are refused instead of being made good. */
function remember(state: Conversation, change: ChangeEvent): Conversation {
  if (state.unseenChanges.length < MAX_UNSEEN_CHANGES) {
    return { ...state, unseenChanges: [...state.unseenChanges, change] };
  }
  return { ...state, unseenChanges: [], unseenSince: change.seq };
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
    case "reaction-removed": {
      const { userId, emoji } = change.data;
      return {
        ...message,
        rev,
        reactions: withReaction(message.reactions, userId, emoji, change.type === "reaction-added"),
      };
    }
  }
}

/**
 * What quotes of a message show after a change of it; undefined: what they did. The message itself knows best where it
 * is loaded: it may be newer than a change that was pushed at its time.
 */
function excerptAfter(change: ChangeEvent, message: Message | undefined): string | null | undefined {
  if (change.type === "message-deleted") return null;
  if (change.type === "message-edited") return excerptOf((message ?? change.data.message).content);
  return undefined;
}

/** A quote knows no revision, but what was deleted stays deleted. */
function changeQuote(message: Message, quotedId: string, excerpt: string | null): Message {
  const { replyTo } = message;
  if (replyTo?.id !== quotedId || replyTo.excerpt === null || replyTo.excerpt === excerpt) return message;
  return { ...message, replyTo: { ...replyTo, excerpt } };
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
  if (page.headSeq < state.unseenSince) return { state, outcome: "overtaken" };
  const newer = state.unseenChanges.filter((change) => change.seq > page.headSeq);
  const older = new MessageWindow(page.messages);
  for (const change of newer) older.change(change);
  return {
    state: {
      ...state,
      messages: [...older.messages, ...state.messages],
      hasMore: page.hasMore,
      unseenChanges: page.hasMore ? newer : [],
      unseenSince: page.headSeq,
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
