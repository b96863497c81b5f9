import type { Conversation } from "@/lib/core/conversation";
import { createTimelineSelector, type TimelineItem, type TimelineSelector } from "@/lib/core/timeline";
import { consultationChannel } from "@/lib/protocol/channels";
import { contentSchema, normalText } from "@/lib/protocol/content";
import {
  EVENT_TYPES,
  type Event,
  POSITION_PUSH_TYPES,
  parsePushedLogEntry,
  positionPushSchema,
} from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import type { Consultation, Participant, PushState, Snapshot } from "@/lib/protocol/snapshot";
import { CommandQueue } from "./command-queue";
import { Connection, type ConnectionStatus } from "./connection";
import { EventFeed, type FeedFailure } from "./event-feed";
import type { Cancel, ChannelHandlers, Ports } from "./ports";
import { Receipts } from "./receipts";
import { Store } from "./store";

/** All that a screen shows of one consultation. */
export interface ConversationView {
  readonly consultation: Consultation | null;
  readonly participants: readonly Participant[];
  readonly items: readonly TimelineItem[];
  readonly hasMore: boolean;
  readonly loadingOlder: boolean;
  readonly status: ConnectionStatus;
  readonly push: PushState;
  readonly failure: FeedFailure | null;
  /** The server answers. While it does not, nothing comes or goes, whatever the status says. */
  readonly reachable: boolean;
  /** The session ended: nothing is lost, it goes on after signing in. */
  readonly signedOut: boolean;
  /** Unsent words survive a reload and a crash. While false, "do not close this page" is what the screen has to say. */
  readonly durable: boolean;
}

type Invalid = { ok: false; reason: "invalid"; issue: string };
export type SendResult = { ok: true; id: string } | Invalid;
/** By the id of its command; null: it is so already, or on its way. */
export type ChangeResult = { ok: true; id: string | null } | Invalid;

export interface ConversationEngineOptions {
  readonly consultationId: string;
  readonly viewerId: string;
  /** It is none of ours any more, as far as we know. */
  readonly onLeft?: () => void;
}

const LOOK_BACK_PAGE = 200;
/** A jump reads pages of this size, and not for ever: what lies further up is for a search to find. */
const JUMP_PAGE = 200;
const MOST_JUMP_PAGES = 25;
/** How far the server's time as a client reckons it may be ahead of the server's own. */
const CLOCK_MARGIN_MS = 60_000;
const NOBODY: readonly Participant[] = [];

/**
 * One consultation in one tab, composed of a feed (what arrives), a queue (what leaves), a connection (when to ask)
 * and receipts (what to tell). The parts know each other through here only; a screen knows nothing but the view.
 */
export class ConversationEngine {
  readonly #feed: EventFeed;
  readonly #queue: CommandQueue;
  readonly #connection: Connection;
  readonly #receipts: Receipts;
  readonly #ports: Ports;
  readonly #consultationId: string;
  readonly #viewerId: string;
  readonly #timeline: TimelineSelector;
  readonly #store: Store<ConversationView>;
  #running = false;
  #seen = 0;
  /** Changes on their way into the queue: whether another one changes anything is seen only after them. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(ports: Ports, { consultationId, viewerId, onLeft }: ConversationEngineOptions) {
    const batch = (run: () => void) => this.#store.batch(run);
    this.#ports = ports;
    this.#consultationId = consultationId;
    this.#viewerId = viewerId;
    this.#timeline = createTimelineSelector(viewerId);
    this.#feed = new EventFeed(ports, {
      consultationId,
      batch,
      onChange: (before, after) => this.#onConversation(before, after),
      onAnswer: () => {
        this.#queue.resume();
        this.#connection.answered();
      },
      onCaughtUp: () => this.#queue.caughtUp(),
      onLeft: () => {
        this.#forgetReceipts();
        this.#queue.leave();
        onLeft?.();
      },
    });
    this.#queue = new CommandQueue(ports, {
      consultationId,
      batch,
      onEvent: (event) => this.#onAnswered(event),
      onDoubt: () => this.#feed.catchUp(),
      onLoaded: () => this.#confirmSent(),
      wasCommitted: (id, queuedAt) => this.#wasCommitted(id, queuedAt),
    });
    this.#receipts = new Receipts(ports, {
      consultationId,
      batch,
      onPosition: (position) => this.#onOwnPosition(position),
    });
    this.#connection = new Connection(ports, {
      channel: consultationChannel(consultationId),
      events: this.#pushHandlers(),
      headCheck: true,
      batch,
      onCatchUp: () => this.#feed.catchUp(),
      onPoll: () => this.#feed.poll(),
    });
    this.#store = new Store(() => this.#view());
  }

  get getSnapshot(): () => ConversationView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  /** Own words are still on their way: to be kept running although nobody looks. */
  get unfinished(): boolean {
    return this.#queue.unfinished;
  }

  /** A snapshot that somebody read for us (the server rendered it). A running engine needs none. */
  offer(snapshot: Snapshot): void {
    if (!this.#running) this.#store.batch(() => this.#feed.offer(snapshot));
  }

  /** Begins to listen; what was missed since a stop is fetched on the way. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#store.batch(() => {
      this.#feed.start();
      this.#queue.start();
      this.#connection.start();
      const { conversation } = this.#feed;
      if (conversation) this.#onConversation(null, conversation);
    });
  }

  /** Leaves nothing behind: no timer, no subscription, no listener. The state stays for another start. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#store.batch(() => {
      this.#connection.stop();
      this.#queue.stop();
      this.#receipts.stop();
      this.#feed.stop();
    });
  }

  /** After a stop, for one that is kept for a way back: gives up all but its newest messages. */
  keepNewest(): void {
    this.#store.batch(() => this.#feed.keepNewest());
  }

  /** Resolves once the queue has it; the text may leave the composer then and not before (SND1). */
  readonly send = async (content: string, replyToId: string | null = null): Promise<SendResult> => {
    const parsed = parseContent(content);
    if (!parsed.ok) return parsed;
    return { ok: true, id: await this.#queue.send(parsed.content, replyToId) };
  };

  /** Resolves once the queue has the words; they may leave the composer then. */
  readonly edit = async (messageId: string, content: string): Promise<ChangeResult> => {
    const parsed = parseContent(content);
    if (!parsed.ok) return parsed;
    return this.#inTurn(() =>
      this.#says(messageId, parsed.content) ? null : this.#queue.edit(messageId, parsed.content),
    );
  };

  /** Deletes a message of mine for everyone, one that is not sent yet too. Resolves once the queue has it. */
  readonly remove = (messageId: string): Promise<ChangeResult> =>
    this.#inTurn(() => this.#store.batch(() => this.#queue.delete(messageId)));

  /** Adds (`on`) or takes back a reaction of mine. Resolves once the queue has it. */
  readonly react = (messageId: string, emoji: string, on: boolean): Promise<ChangeResult> =>
    this.#inTurn(() => (this.#isMine(messageId, emoji) === on ? null : this.#queue.react(messageId, emoji, on)));

  /** Adds it or takes it back, whichever it is after what was asked for before. */
  readonly toggle = (messageId: string, emoji: string): Promise<ChangeResult> =>
    this.#inTurn(() => this.#queue.react(messageId, emoji, !this.#isMine(messageId, emoji)));

  /** Tries a parked message again, and those that wait behind it; or, by its `commandId`, a parked change. */
  readonly retry = (id: string): void => this.#store.batch(() => this.#queue.retry(id));

  /** Gives up a parked message, or a parked change. */
  readonly discard = (id: string): void => this.#store.batch(() => this.#queue.discard(id));

  readonly loadOlder = (): Promise<void> => this.#store.batch(() => this.#feed.loadOlder());

  /** Reads older messages until the one of this number is loaded, which a jump leads to; false: it cannot be had now. */
  readonly loadUntil = async (seq: number): Promise<boolean> => {
    for (let pages = 0; pages <= MOST_JUMP_PAGES; pages += 1) {
      const messages = this.#feed.conversation?.messages;
      const oldest = messages?.[0];
      if (!messages || !oldest) return false;
      if (oldest.seq <= seq) return messages.some((message) => message.seq === seq);
      await this.#store.batch(() => this.#feed.loadOlder(JUMP_PAGE));
      if (this.#feed.conversation?.messages[0]?.seq === oldest.seq) return false;
    }
    return false;
  };

  /** The person has seen everything up to here. */
  readonly markRead = (uptoSeq: number): void => {
    this.#seen = Math.max(this.#seen, uptoSeq);
    this.#tellRead();
  };

  /** Seen before the first load (a page brought the messages along) counts as well. */
  #tellRead(): void {
    const { conversation } = this.#feed;
    if (this.#running && conversation && this.#seen > 0) {
      this.#receipts.markRead(Math.min(this.#seen, conversation.seq));
    }
  }

  #view(): ConversationView {
    const { conversation, failure, reachable, loadingOlder } = this.#feed;
    return {
      consultation: conversation?.consultation ?? null,
      participants: conversation?.participants ?? NOBODY,
      items: this.#timeline(conversation, this.#queue.pending, this.#queue.changes),
      hasMore: conversation?.hasMore ?? false,
      loadingOlder,
      status: this.#connection.status,
      push: conversation?.push ?? "ok",
      failure,
      reachable,
      durable: this.#queue.durable,
      signedOut: this.#queue.signedOut || failure === "unauthenticated" || failure === "session-ended",
    };
  }

  #pushHandlers(): ChannelHandlers["events"] {
    const handlers: Record<string, (data: unknown) => void> = {};
    for (const type of EVENT_TYPES) handlers[type] = (data) => this.#store.batch(() => this.#onPushedEntry(data));
    for (const type of POSITION_PUSH_TYPES) {
      handlers[type] = (data) => this.#store.batch(() => this.#onPushedPosition(data));
    }
    return handlers;
  }

  #onPushedEntry(data: unknown): void {
    const entry = parsePushedLogEntry(data);
    if (entry.kind === "event") this.#feed.ingest(entry.event);
    else if (entry.kind === "hint") this.#feed.ingestHint(entry.hint.seq, entry.hint.epoch);
    else this.#feed.ingestUnreadable();
  }

  /** A courtesy: one that cannot be read is not worth asking for, every answer carries them all (RCV7). */
  #onPushedPosition(data: unknown): void {
    const push = positionPushSchema.safeParse(data);
    if (push.success) this.#feed.ingestPositions([push.data.position], push.data.epoch);
  }

  #onAnswered(event: Event): void {
    this.#feed.ingest(event);
    const { conversation, left } = this.#feed;
    // Only somebody who takes part is answered so: we may have been let in again.
    if (left) this.#feed.catchUp();
    else if (conversation?.epoch === event.epoch) this.#queue.settle(conversation.seq);
  }

  #confirmSent(): void {
    const { conversation } = this.#feed;
    if (conversation) this.#queue.confirm(conversation.messages);
  }

  /** Looks beyond the window, back to when it was queued: with the window read to its head that decides it. */
  async #wasCommitted(id: string, queuedAt: string): Promise<boolean | null> {
    const { conversation, left } = this.#feed;
    // Nobody there tells us any more, so that it is for its author to decide about.
    if (left) return false;
    if (!conversation) return null;
    let { messages, hasMore } = conversation;
    for (;;) {
      if (messages.some((message) => message.id === id)) return true;
      const oldest = messages[0];
      if (!hasMore || !oldest || Date.parse(oldest.createdAt) < Date.parse(queuedAt) - CLOCK_MARGIN_MS) return false;
      const query = { before: oldest.seq, limit: LOOK_BACK_PAGE };
      const page = await this.#ports.api.readMessages(this.#consultationId, query);
      if (!page.ok) return null;
      ({ messages, hasMore } = page.value);
    }
  }

  #onOwnPosition(position: Position): void {
    const { conversation } = this.#feed;
    if (conversation) this.#feed.ingestPositions([position], conversation.epoch);
  }

  #inTurn(change: () => Promise<string | null> | null): Promise<ChangeResult> {
    const changed = this.#lastChange.then(async (): Promise<ChangeResult> => ({ ok: true, id: await change() }));
    this.#lastChange = changed.catch(() => {});
    return changed;
  }

  /** null: the message is not loaded. */
  #isMine(messageId: string, emoji: string): boolean | null {
    const reactions = this.#item(messageId)?.message?.reactions;
    if (!reactions) return null;
    return reactions.find((reaction) => reaction.emoji === emoji)?.userIds.includes(this.#viewerId) ?? false;
  }

  #item(key: string): TimelineItem | undefined {
    return this.getSnapshot().items.findLast((item) => item.key === key);
  }

  /** These words stand there already, or are on their way. */
  #says(messageId: string, content: string): boolean {
    const item = this.#item(messageId);
    if (!item?.change) return isSameText(item?.message?.content, content);
    return item.change.kind === "edit" && item.change.state !== "parked" && isSameText(item.change.content, content);
  }

  #forgetReceipts(): void {
    this.#receipts.reset();
    this.#seen = 0;
  }

  #onConversation(before: Conversation | null, after: Conversation): void {
    if (before && takesPart(before, this.#viewerId) && !takesPart(after, this.#viewerId)) {
      this.#feed.leave();
      return;
    }
    this.#connection.setPush(after.push);
    if (before && before.epoch !== after.epoch) {
      this.#queue.doubt();
      this.#forgetReceipts();
    }
    if (before?.messages !== after.messages) this.#confirmSent();
    if (before?.seq !== after.seq) this.#queue.settle(after.seq);
    const mine = after.positions.get(this.#viewerId);
    if (mine) this.#receipts.know(mine);
    if (!before) this.#tellRead();
    if (this.#running && before?.messages !== after.messages) {
      const newest = after.messages.findLast(({ sender }) => sender !== null && sender.id !== this.#viewerId);
      if (newest) this.#receipts.markDelivered(newest.seq);
    }
  }
}

function takesPart({ participants }: Conversation, userId: string): boolean {
  return participants.some(({ user }) => user.id === userId);
}

/** Whether it says so already; what an earlier version stored or queued may not be in normal form. */
function isSameText(there: string | null | undefined, content: string): boolean {
  return typeof there === "string" && normalText(there) === content;
}

function parseContent(content: string): { ok: true; content: string } | Invalid {
  const parsed = contentSchema.safeParse(content);
  if (parsed.success) return { ok: true, content: parsed.data };
  return { ok: false, reason: "invalid", issue: parsed.error.issues[0]?.message ?? "invalid" };
}
