import { moveStatus } from "@/lib/core/message-status";
import { isSameList } from "@/lib/core/same-list";
import type { ParkReason, PendingChange, PendingSend } from "@/lib/core/timeline";
import type { CommandAnswer } from "@/lib/protocol/commands";
import type { Event } from "@/lib/protocol/event";
import type { Message } from "@/lib/protocol/message";
import { Backoff, between } from "./backoff";
import { classify, codeOf, retryAfterMs } from "./failure";
import type { ApiFailure, ApiResult, Cancel, NewCommand, Ports, ReactCommand, StoredCommand } from "./ports";
import { type Command, fromStorage, isOpen, messageIdOf, nextOf, shownOf, undoneBy } from "./queued-commands";
import { Timer } from "./timer";

const RETRY = { baseMs: 500, maxMs: 3_000 };
/** A hidden tab asks for the lock a moment later, so that a visible one is first. */
const HIDDEN_ASKS_AFTER = { lowMs: 1_000, highMs: 2_000 };
/** SND5: by the server's clock. What lay here longer is for the person to decide about. */
const TOO_OLD_MS = 24 * 60 * 60 * 1_000;
/** What another tab took out of the storage is usually pushed at the same moment. */
const DOUBT_AFTER_MS = 500;
const REFUSAL_SHOWN_MS = 6_000;
/** The message is not there (any more), and neither is a place for a reaction to it: nothing to be told. */
const MOOT: readonly ParkReason[] = ["not-found", "message-deleted"];

export interface CommandQueueOptions {
  readonly consultationId: string;
  readonly batch: (run: () => void) => void;
  /** The server took a command: its event enters through the one door. */
  readonly onEvent: (event: Event) => void;
  /** Only the log can tell what became of a command; `caughtUp` is called when it has told. */
  readonly onDoubt: () => void;
  /** Commands were read from the storage: some may stand in the log already (`confirm`). */
  readonly onLoaded: () => void;
  /** Whether this message, queued at that time, is in the log, however long ago; null: nobody could be asked. */
  readonly wasCommitted: (id: string, queuedAt: string) => Promise<boolean | null>;
}

/**
 * Own commands of one consultation, first in first out, one on its way at a time among all tabs (SND2). The storage is
 * the truth about what is still to be sent: each attempt takes the lock, reads the storage again, sends the first
 * command that it finds and takes it out of there before the lock is free. What is in here is what the screen shows.
 *
 * A command leaves only when the log shows its message, when the server answered it, or when the person discards it or
 * replaces it by a later wish: a timeout is *unknown* and is tried again under the same id for as long as it takes
 * (SND3). So whatever else fails (a tab dies between the answer and the removal, two tabs remove, a removal is lost),
 * the worst is a repeat that the server recognises: by the id of a message, and for a change by finding nothing to do.
 *
 * A definite refusal parks a message, and those behind it with it, because sending them would change the order in
 * which they were written. They are released together (SND4). A refused correction is parked by itself, a refused
 * reaction is told for a moment and forgotten: neither holds up anything (`nextOf`).
 */
export class CommandQueue {
  readonly #ports: Ports;
  readonly #options: CommandQueueOptions;
  readonly #retryTimer: Timer;
  readonly #askTimer: Timer;
  readonly #doubtTimer: Timer;
  readonly #backoff: Backoff;
  readonly #refusalTimer: Timer;
  #commands: readonly Command[] = [];
  #pending: readonly PendingSend[] = [];
  #changes: readonly PendingChange[] = [];
  /** Reactions that were just refused, for the screen; the queue has them no more. */
  #refusals: readonly PendingChange[] = [];
  #told: readonly PendingChange[] = [];
  #sendingId: string | null = null;
  #flushing = false;
  #signedOut = false;
  /** Who asked for the pause before the next attempt: a server's wish is not cut short by better news of the network. */
  #waitsFor: "network" | "server" | "time" = "network";
  #running = false;
  #loaded = false;
  /** The log has been read to its head since the storage was loaded: what it does not show was not committed before. */
  #logRead = false;
  /** The server said that it is none of ours. */
  #left = false;
  /** It was asked for that: once, or each answer would lead to the next question. */
  #logAsked = false;
  /** The server's time was asked for: an answer that did not tell it is all that there will be. */
  #timeAsked: "no" | "waiting" | "answered" = "no";
  /** Messages that were taken back before they came to the server, as far as it knew: a slow request may bring them yet. */
  readonly #takenBack = new Set<string>();
  #stopListening: readonly Cancel[] = [];
  #ownWrites = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #lastRead: Promise<void> = Promise.resolve();
  #nextRead: Promise<void> | null = null;

  constructor(ports: Ports, options: CommandQueueOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#retryTimer = new Timer(ports.clock);
    this.#askTimer = new Timer(ports.clock);
    this.#doubtTimer = new Timer(ports.clock);
    this.#refusalTimer = new Timer(ports.clock);
    this.#backoff = new Backoff(ports.random, RETRY);
  }

  /** Messages in queue order; the same array while nothing in it changed. */
  get pending(): readonly PendingSend[] {
    return this.#pending;
  }

  /** Changes of messages, likewise. */
  get changes(): readonly PendingChange[] {
    return this.#told;
  }

  /** Everything is kept until somebody signs in again. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** Something is, or may be, still to be sent, as opposed to parked for the person to decide. */
  get unfinished(): boolean {
    const goesOn = ({ state }: PendingSend | PendingChange) => state !== "parked";
    return !this.#loaded || this.#pending.some(goesOn) || this.#changes.some(goesOn);
  }

  get durable(): boolean {
    return this.#ports.queue.durable();
  }

  start(): void {
    this.#running = true;
    const { signals, queue } = this.#ports;
    const { batch } = this.#options;
    this.#stopListening = [
      signals.onChange((signal) => {
        if (signal === "online" || signal === "visible") batch(() => this.#resumeAtOnce());
      }),
      queue.onChange((consultationId) => batch(() => this.#onStorage(consultationId))),
    ];
    this.#logRead = false;
    this.#logAsked = false;
    void this.#read().then(() => batch(() => this.#pump()));
  }

  /** An attempt under way is let go on: its answer still counts. */
  stop(): void {
    this.#running = false;
    for (const cancel of this.#stopListening) cancel();
    this.#stopListening = [];
    this.#retryTimer.clear();
    this.#askTimer.clear();
    this.#doubtTimer.clear();
    this.#forgetRefusals();
  }

  /** Resolves once the storage has it, and only then it may leave the composer (SND1). */
  send(content: string, replyToId: string | null): Promise<string> {
    return this.#put({ ...this.#newCommand(), kind: "send", content, replyToId });
  }

  /**
   * Resolves once the storage has the words. They take the place of an earlier edit that still waits, or was refused, and
   * of a refused deletion.
   */
  edit(messageId: string, content: string): Promise<string> {
    return this.#put(
      { ...this.#newCommand(), kind: "edit", messageId, content },
      ({ kind, parked }) => kind === "edit" || (kind === "delete" && parked !== null),
    );
  }

  /**
   * A message that waits and may have been tried (by another tab, or without an answer) is deleted at the server like
   * any other, which says "not found" if it never came there; until then its words are not sent (`nextOf`). null: there
   * was nothing to do for the queue.
   */
  async delete(messageId: string): Promise<string | null> {
    if (this.#isParkedSend(messageId)) {
      this.discard(messageId);
      return null;
    }
    const waits = ({ stored, vanished }: Command) => stored.kind === "delete" && !vanished && stored.parked === null;
    if (this.#commands.some((command) => messageIdOf(command.stored) === messageId && waits(command))) return null;
    return this.#put({ ...this.#newCommand(), kind: "delete", messageId }, ({ kind }) => kind === "delete");
  }

  /** Only the last wish counts: one that still waits is replaced. */
  react(messageId: string, emoji: string, on: boolean): Promise<string> {
    return this.#put(
      { ...this.#newCommand(), kind: "react", messageId, emoji, on },
      (waiting) => waiting.kind === "react" && waiting.emoji === emoji,
    );
  }

  /**
   * Tries a parked message again, and with it all that its refusal held up; or a parked change. However old they are,
   * the person has decided.
   */
  retry(id: string): void {
    if (this.#statusOf(id) !== "parked") return;
    const alone = this.#find(id)?.stored.kind !== "send";
    const released = this.#commands.flatMap(({ stored }) =>
      (alone ? stored.id === id : stored.kind === "send" && this.#statusOf(stored.id) === "parked") ? [stored.id] : [],
    );
    for (const parked of released) this.#write(this.#ports.queue.park(parked, null));
    this.#release(released, { parked: null, queuedAt: null });
  }

  /** Forgets a parked message, with what was to become of it, or a parked change; what waited behind it goes on. */
  discard(id: string): void {
    if (this.#statusOf(id) !== "parked") return;
    const heldUpOthers = this.#find(id)?.stored.kind === "send" && this.#find(id)?.stored.parked !== null;
    // The id of a change is nobody's message.
    const about = this.#commands.filter(({ stored }) => stored.id === id || messageIdOf(stored) === id);
    this.#forget(about.map(({ stored }) => stored.id));
    if (heldUpOthers) this.#releaseRefused();
  }

  /** An answer came: the server can be reached and knows us. */
  resume(): void {
    if (this.#timeAsked === "waiting") this.#timeAsked = "answered";
    this.#signedOut = false;
    if (this.#waitsFor === "network") this.#retryTimer.clear();
    this.#pump();
  }

  /** The log has told all that it had when it was asked: what vanished and is not in there was given up in another tab. */
  caughtUp(): void {
    this.#left = false;
    this.#logRead ||= this.#loaded;
    this.#logAsked = false;
    this.#show(this.#commands.filter(({ vanished }) => vanished !== "asked"));
    this.#pump();
  }

  /** These messages are in the log (ID1): whatever became of our attempts, they are sent; and deleted ones are deleted. */
  confirm(messages: readonly Message[]): void {
    if (this.#commands.length === 0 && this.#takenBack.size === 0) return;
    const inLog = new Map(messages.map((message) => [message.id, message]));
    const confirmed = this.#commands.filter(({ stored }) => {
      const message = inLog.get(messageIdOf(stored));
      return (
        message !== undefined && (stored.kind === "send" || (stored.kind === "delete" && message.deletedAt !== null))
      );
    });
    for (const id of this.#takenBack) {
      if (!inLog.has(id)) continue;
      this.#takenBack.delete(id);
      void this.delete(id);
    }
    if (confirmed.length === 0) return;
    for (const { stored } of confirmed) {
      if (stored.kind === "send") moveStatus(this.#statusOf(stored.id) ?? "queued", "sent");
    }
    this.#forget(confirmed.map(({ stored }) => stored.id));
    // It had been refused and yet it is there: those behind it have nothing left to wait for.
    if (confirmed.some(({ stored }) => stored.kind === "send" && stored.parked !== null)) this.#releaseRefused();
  }

  /** Accepted commands whose event is folded in, but whose message lies outside of the window (a repeat of long ago). */
  settle(seq: number): void {
    const settled = this.#commands.filter(({ acceptedSeq }) => acceptedSeq !== null && acceptedSeq <= seq);
    if (settled.length > 0) this.#show(this.#commands.filter((command) => !settled.includes(command)));
  }

  /**
   * The server knows us, and the log is closed to us: what only waited to be seen in it has nothing to wait for, and what
   * is still to be sent will be refused, or is too old. Either way its words are parked.
   */
  leave(): void {
    this.#left = true;
    this.#logRead = true;
    this.#show(this.#commands.filter(isOpen));
    this.resume();
  }

  /** Another history: the seq of an answer of the old one says nothing any more. */
  doubt(): void {
    if (this.#commands.every(({ acceptedSeq }) => acceptedSeq === null)) return;
    this.#show(
      this.#commands.map((command) =>
        command.acceptedSeq === null ? command : { ...command, acceptedSeq: null, vanished: "noticed" },
      ),
    );
    this.#askLog();
  }

  #onStorage(consultationId: string | null): void {
    if (consultationId === null) {
      this.#show([]);
      this.#takenBack.clear();
      this.#forgetRefusals();
    } else if (consultationId === this.#options.consultationId) {
      void this.#read().then(() => this.#options.batch(() => this.#pump()));
    }
  }

  /** The network or the person is back: nothing but a server's own wish keeps us waiting. */
  #resumeAtOnce(): void {
    this.#signedOut = false;
    if (this.#waitsFor !== "time") this.#retryTimer.clear();
    this.#askTimer.clear();
    this.#pump();
  }

  #pump(): void {
    if (!this.#running || this.#flushing || !this.#mayAttempt() || nextOf(this.#commands) === undefined) return;
    if (this.#ports.signals.visible()) {
      void this.#flush();
      return;
    }
    const { lowMs, highMs } = HIDDEN_ASKS_AFTER;
    const delay = between(this.#ports.random, lowMs, highMs);
    this.#askTimer.armOnce(delay, () => this.#options.batch(() => void this.#flush()));
  }

  #askLog(): void {
    if (!this.#running) return;
    this.#show(this.#commands.map((command) => (command.vanished ? { ...command, vanished: "asked" } : command)));
    this.#options.onDoubt();
  }

  #mayAttempt(): boolean {
    return this.#running && !this.#signedOut && !this.#retryTimer.armed && this.#ports.signals.online();
  }

  /** One lock for each command: a tab that hangs or was frozen holds up the others for one attempt and not for ever. */
  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#askTimer.clear();
    let sent = true;
    try {
      while (sent) {
        sent = false;
        await this.#ports.queue.exclusively(this.#options.consultationId, async () => {
          sent = await this.#sendFirst();
        });
      }
    } finally {
      this.#flushing = false;
    }
    this.#options.batch(() => this.#pump());
  }

  /** Under the lock. Whether it brought us on, so that the next one may follow at once. */
  async #sendFirst(): Promise<boolean> {
    if (!this.#mayAttempt()) return false;
    await this.#read();
    const next = this.#mayAttempt() ? nextOf(this.#commands) : undefined;
    if (!next) return false;
    switch (await this.#ageOf(next)) {
      case "fresh":
        return this.#attempt(next);
      case "too-old":
        this.#options.batch(() => this.#park(next.id, "too-old"));
        return false;
      case "refused":
        this.#options.batch(() => this.#park(next.id, "not-found"));
        return false;
      case "committed":
        this.#options.batch(() => this.#forget([next.id]));
        await this.#lastWrite;
        return true;
      case "unknown":
        return false;
    }
  }

  /**
   * Decided only with the log read to its head: what a killed tab had sent already is no draft. What becomes of an old
   * change the server decides, by its window.
   */
  async #ageOf({
    kind,
    id,
    queuedAt,
  }: StoredCommand): Promise<"fresh" | "too-old" | "refused" | "committed" | "unknown"> {
    if (kind !== "send" || queuedAt === null) return "fresh";
    const now = this.#ports.serverTime.now();
    // A refusal tells no time.
    if (now === null && this.#left) return "refused";
    if (now === null && this.#timeAsked === "answered") return "fresh";
    if (now !== null && now - Date.parse(queuedAt) < TOO_OLD_MS) return "fresh";
    if (now === null || !this.#logRead) {
      this.#options.batch(() => {
        if (now === null) this.#timeAsked = "waiting";
        this.#wait("network", RETRY.maxMs);
        if (this.#logAsked) return;
        this.#logAsked = true;
        this.#options.onDoubt();
      });
      return "unknown";
    }
    const committed = await this.#options.wasCommitted(id, queuedAt);
    if (committed !== null) return committed ? "committed" : "too-old";
    this.#options.batch(() => this.#wait("network", this.#backoff.next()));
    return "unknown";
  }

  async #attempt(command: StoredCommand): Promise<boolean> {
    const { id } = command;
    this.#options.batch(() => {
      this.#sendingId = id;
      this.#change(id, { waits: null });
    });
    const result = await this.#ask(command);
    this.#options.batch(() => {
      this.#sendingId = null;
      if (result.ok) this.#accepted(command, result.value.event);
      else this.#refused(id, result.failure);
    });
    // Before the lock is free: another tab would find it and send it again.
    await this.#lastWrite;
    return result.ok;
  }

  #ask(command: StoredCommand): Promise<ApiResult<CommandAnswer>> {
    const { api } = this.#ports;
    switch (command.kind) {
      case "send": {
        const { id, consultationId, content, replyToId } = command;
        return api.sendMessage({ id, consultationId, content, replyToId, attachmentIds: [] });
      }
      case "edit":
        return api.editMessage(command.messageId, command.content);
      case "delete":
        return api.deleteMessage(command.messageId);
      case "react":
        return api.setReaction(command.messageId, command.emoji, command.on);
    }
  }

  #accepted(command: StoredCommand, event: Event | null): void {
    const { id } = command;
    this.#backoff.reset();
    this.#write(this.#ports.queue.remove(id));
    if (command.kind === "delete") this.#forget(undoneBy(this.#commands, command).map(({ stored }) => stored.id));
    if (!event) {
      // It is so already, but perhaps not yet as far as the log has been read here.
      this.#change(id, { vanished: "asked" });
      this.#options.onDoubt();
      return;
    }
    this.#change(id, { acceptedSeq: event.seq });
    // May confirm it on the spot, or wait for the events before it.
    this.#options.onEvent(event);
  }

  #refused(id: string, failure: ApiFailure): void {
    if (failure.kind === "unreadable") this.#options.onDoubt();
    switch (classify(failure)) {
      case "definite": {
        const refused = this.#find(id)?.stored;
        // Unless it was confirmed by the log, or wiped, while the attempt was on its way.
        if (refused) this.#giveUp(refused, codeOf(failure));
        return;
      }
      case "signed-out":
        this.#signedOut = true;
        this.#change(id, { waits: codeOf(failure) });
        return;
      case "transient": {
        this.#change(id, { waits: failure.kind === "refused" ? codeOf(failure) : "network" });
        const asked = retryAfterMs(failure);
        const waitsFor = asked > 0 ? "time" : failure.kind === "unknown" ? "network" : "server";
        this.#wait(waitsFor, Math.max(this.#backoff.next(), asked));
      }
    }
  }

  /** What the person has to know of is parked; words always are. */
  #giveUp(refused: StoredCommand, reason: ParkReason): void {
    if (refused.kind === "react") {
      this.#forget([refused.id]);
      if (!MOOT.includes(reason)) this.#tellRefusal(refused, reason);
    } else if (refused.kind === "delete" && reason === "not-found") {
      // It never came there, so what was queued of it has nowhere to go either.
      const undone = undoneBy(this.#commands, refused);
      if (undone.some(({ stored }) => stored.kind === "send")) this.#takenBack.add(refused.messageId);
      this.#forget([refused.id, ...undone.map(({ stored }) => stored.id)]);
    } else {
      this.#park(refused.id, reason);
    }
  }

  #tellRefusal({ id, serial, messageId, emoji, on }: ReactCommand, reason: ParkReason): void {
    if (!this.#running) return;
    const others = this.#refusals.filter((refusal) => refusal.messageId !== messageId);
    this.#refusals = [...others, { id, serial, messageId, kind: "react", emoji, on, state: "parked", reason }];
    this.#refusalTimer.arm(REFUSAL_SHOWN_MS, () => this.#options.batch(() => this.#forgetRefusals()));
    this.#show(this.#commands);
  }

  #forgetRefusals(): void {
    this.#refusalTimer.clear();
    if (this.#refusals.length === 0) return;
    this.#refusals = [];
    this.#show(this.#commands);
  }

  #wait(waitsFor: "network" | "server" | "time", ms: number): void {
    if (!this.#running) return;
    this.#waitsFor = waitsFor;
    this.#retryTimer.arm(ms, () => this.#options.batch(() => this.#pump()));
  }

  #park(id: string, reason: ParkReason): void {
    this.#write(this.#ports.queue.park(id, reason));
    this.#show(
      this.#commands.map((command) =>
        command.stored.id === id ? { ...command, stored: { ...command.stored, parked: reason } } : command,
      ),
    );
  }

  /** What was refused may be tried again; what is too old is still for the person to decide about. */
  #releaseRefused(): void {
    const refused = this.#commands.flatMap(({ stored: { kind, id, parked } }) =>
      kind === "send" && parked !== null && parked !== "too-old" ? [id] : [],
    );
    for (const id of refused) this.#write(this.#ports.queue.park(id, null));
    this.#release(refused, { parked: null });
  }

  #release(ids: readonly string[], patch: { parked: null; queuedAt?: null }): void {
    this.#show(
      this.#commands.map((command) =>
        ids.includes(command.stored.id)
          ? { ...command, stored: { ...command.stored, ...patch }, waits: null }
          : command,
      ),
    );
    this.#pump();
  }

  /** Into the storage, then onto the screen, in the place of what it makes superfluous. */
  async #put(command: NewCommand, replaces: (waiting: StoredCommand) => boolean = () => false): Promise<string> {
    const { id } = command;
    const stored = await this.#ports.queue.add(command);
    this.#ownWrites += 1;
    this.#options.batch(() => {
      const replaced = this.#commands.filter(
        (known) =>
          isOpen(known) &&
          known.stored.id !== this.#sendingId &&
          known.stored.serial < stored.serial &&
          messageIdOf(known.stored) === messageIdOf(stored) &&
          replaces(known.stored),
      );
      for (const { stored: old } of replaced) this.#write(this.#ports.queue.remove(old.id));
      const others = this.#commands.filter((known) => !replaced.includes(known));
      this.#show(this.#find(id) ? others : [...others, fromStorage(stored)]);
      this.#pump();
    });
    return id;
  }

  #newCommand(): Pick<NewCommand, "id" | "consultationId" | "queuedAt" | "parked"> {
    const now = this.#ports.serverTime.now();
    const queuedAt = now === null ? null : new Date(now).toISOString();
    return { id: this.#ports.ids.messageId(), consultationId: this.#options.consultationId, queuedAt, parked: null };
  }

  #forget(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#find(id)?.acceptedSeq === null) this.#write(this.#ports.queue.remove(id));
    }
    this.#show(this.#commands.filter(({ stored }) => !ids.includes(stored.id)));
  }

  /** The storage is not read between a change made here and its arrival there: it would undo the change on the screen. */
  #write(written: Promise<void>): void {
    this.#ownWrites += 1;
    this.#lastWrite = Promise.all([this.#lastWrite, written]);
  }

  /** Reads the storage. The reading begins after this call; calls made before it began share it, and none overtakes another. */
  #read(): Promise<void> {
    this.#nextRead ??= this.#lastRead.then(() => {
      this.#nextRead = null;
      return this.#readNow();
    });
    this.#lastRead = this.#nextRead;
    return this.#nextRead;
  }

  async #readNow(): Promise<void> {
    for (;;) {
      await this.#lastWrite;
      const writes = this.#ownWrites;
      const stored = await this.#ports.queue.list(this.#options.consultationId);
      if (writes !== this.#ownWrites) continue;
      this.#options.batch(() => this.#reconcile(stored));
      return;
    }
  }

  /** The storage decides, except about what is on its way or accepted: of that we know more. */
  #reconcile(storage: readonly StoredCommand[]): void {
    const kept = new Map(storage.map((stored) => [stored.id, stored]));
    let someVanished = false;
    const known = this.#commands.map((command): Command => {
      const { stored, acceptedSeq, vanished } = command;
      const now = kept.get(stored.id);
      kept.delete(stored.id);
      if (now) return { ...command, stored: now, vanished: false };
      if (acceptedSeq !== null || vanished || stored.id === this.#sendingId) return command;
      someVanished = true;
      return { ...command, vanished: "noticed" };
    });
    const loaded = kept.size > 0;
    this.#show([...known, ...[...kept.values()].map(fromStorage)]);
    this.#loaded = true;
    if (loaded) this.#options.onLoaded();
    if (!someVanished) return;
    // Another tab's session works.
    this.#signedOut = false;
    if (this.#running) this.#doubtTimer.armOnce(DOUBT_AFTER_MS, () => this.#options.batch(() => this.#askLog()));
  }

  #find(id: string): Command | undefined {
    return this.#commands.find(({ stored }) => stored.id === id);
  }

  #statusOf(id: string): PendingSend["state"] | undefined {
    const isIt = (pending: PendingSend | PendingChange) => pending.id === id;
    return (this.#pending.find(isIt) ?? this.#changes.find(isIt))?.state;
  }

  #isParkedSend(messageId: string): boolean {
    return this.#pending.some(({ id, state }) => id === messageId && state === "parked");
  }

  #change(id: string, patch: Partial<Command>): void {
    this.#show(this.#commands.map((command) => (command.stored.id === id ? { ...command, ...patch } : command)));
  }

  /** The one place where what is known becomes what is shown. */
  #show(commands: readonly Command[]): void {
    this.#commands = [...commands].sort((a, b) => a.stored.serial - b.stored.serial);
    const before = { pending: this.#pending, changes: this.#changes };
    const { pending, changes } = shownOf(this.#commands, this.#sendingId, before);
    const states = new Map([...before.pending, ...before.changes].map(({ id, state }) => [id, state]));
    for (const { id, state } of [...pending, ...changes]) {
      const known = states.get(id);
      if (known && known !== state) moveStatus(known, state);
    }
    this.#pending = pending;
    this.#changes = changes;
    const told = this.#refusals.length === 0 ? changes : [...changes, ...this.#refusals];
    if (!isSameList(told, this.#told)) this.#told = told;
  }
}
