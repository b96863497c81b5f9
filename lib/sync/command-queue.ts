import { moveStatus } from "@/lib/core/message-status";
import type { ParkReason, PendingSend } from "@/lib/core/timeline";
import type { Event } from "@/lib/protocol/event";
import { Backoff, between } from "./backoff";
import { classify, codeOf, retryAfterMs } from "./failure";
import type { ApiFailure, Cancel, Ports, StoredCommand } from "./ports";
import { Timer } from "./timer";

const RETRY = { baseMs: 500, maxMs: 3_000 };
/** A hidden tab asks for the lock a moment later, so that a visible one is first. */
const HIDDEN_ASKS_AFTER = { lowMs: 1_000, highMs: 2_000 };
/** SND5: by the server's clock. What lay here longer is for the person to decide about. */
const TOO_OLD_MS = 24 * 60 * 60 * 1_000;
/** What another tab took out of the storage is usually pushed at the same moment. */
const DOUBT_AFTER_MS = 500;

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

interface Command {
  readonly stored: StoredCommand;
  /** Why the last attempt brought nothing. */
  readonly waits: PendingSend["reason"];
  /** The seq of its event as the server answered it, not yet folded in: the bubble stays until the log shows it. */
  readonly acceptedSeq: number | null;
  /**
   * Not in the storage any more, by no doing of ours: another tab sent it or gave it up. It is shown as it was until
   * the log has answered, so that a bubble neither flickers nor lingers, and it is never sent.
   */
  readonly vanished: false | "noticed" | "asked";
}

/**
 * Own commands of one consultation, first in first out, one on its way at a time among all tabs (SND2). The storage is
 * the truth about what is still to be sent: each attempt takes the lock, reads the storage again, sends the first
 * command that it finds and takes it out of there before the lock is free. What is in here is what the screen shows.
 *
 * A command leaves only when the log shows its message, when the server answered it, or when the person discards it: a
 * timeout is *unknown* and is tried again under the same id for as long as it takes (SND3). So whatever else fails (a
 * tab dies between the answer and the removal, two tabs remove, a removal is lost), the worst is a repeat that the
 * server recognises by its id.
 *
 * A definite refusal parks the command, and those behind it with it, because sending them would change the order in
 * which they were written. They are released together (SND4).
 */
export class CommandQueue {
  readonly #ports: Ports;
  readonly #options: CommandQueueOptions;
  readonly #retryTimer: Timer;
  readonly #askTimer: Timer;
  readonly #doubtTimer: Timer;
  readonly #backoff: Backoff;
  #commands: readonly Command[] = [];
  #pending: readonly PendingSend[] = [];
  #sendingId: string | null = null;
  #flushing = false;
  #signedOut = false;
  /** Who asked for the pause before the next attempt: a server's wish is not cut short by better news of the network. */
  #waitsFor: "network" | "server" | "time" = "network";
  #running = false;
  #loaded = false;
  /** The log has been read to its head since the storage was loaded: what it does not show was not committed before. */
  #logRead = false;
  /** It was asked for that: once, or each answer would lead to the next question. */
  #logAsked = false;
  /** The server's time was asked for: an answer that did not tell it is all that there will be. */
  #timeAsked: "no" | "waiting" | "answered" = "no";
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
    this.#backoff = new Backoff(ports.random, RETRY);
  }

  /** In queue order; the same array while nothing in it changed. */
  get pending(): readonly PendingSend[] {
    return this.#pending;
  }

  /** Everything is kept until somebody signs in again. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** Something is, or may be, still to be sent, as opposed to parked for the person to decide. */
  get unfinished(): boolean {
    return !this.#loaded || this.#pending.some(({ state }) => state !== "parked");
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
  }

  /** Resolves once the storage has it, and only then it may leave the composer (SND1). */
  async send(content: string, replyToId: string | null = null): Promise<string> {
    const id = this.#ports.ids.messageId();
    const { consultationId } = this.#options;
    const now = this.#ports.serverTime.now();
    const queuedAt = now === null ? null : new Date(now).toISOString();
    const command = { kind: "send", id, consultationId, content, replyToId, queuedAt, parked: null } as const;
    const stored = await this.#ports.queue.add(command);
    this.#ownWrites += 1;
    this.#options.batch(() => {
      if (!this.#find(id)) this.#show([...this.#commands, fromStorage(stored)]);
      this.#pump();
    });
    return id;
  }

  /** Tries a parked command again, and with it all that its refusal held up. However old they are, the person has decided. */
  retry(id: string): void {
    if (this.#statusOf(id) !== "parked") return;
    for (const { stored } of this.#commands) {
      if (this.#statusOf(stored.id) === "parked") this.#write(this.#ports.queue.park(stored.id, null));
    }
    this.#release((stored) => ({ ...stored, parked: null, queuedAt: null }));
  }

  /** Forgets a parked command; what waited behind it goes on. */
  discard(id: string): void {
    if (this.#statusOf(id) !== "parked") return;
    const heldUpOthers = this.#find(id)?.stored.parked !== null;
    this.#forget([id]);
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
    this.#logRead ||= this.#loaded;
    this.#logAsked = false;
    this.#show(this.#commands.filter(({ vanished }) => vanished !== "asked"));
    this.#pump();
  }

  /** These messages are in the log (ID1): whatever became of our attempts, they are sent. */
  confirm(messageIds: ReadonlySet<string>): void {
    const confirmed = this.#commands.filter(({ stored }) => messageIds.has(stored.id));
    if (confirmed.length === 0) return;
    for (const { stored } of confirmed) moveStatus(this.#statusOf(stored.id) ?? "queued", "sent");
    this.#forget(confirmed.map(({ stored }) => stored.id));
    // It had been refused and yet it is there: those behind it have nothing left to wait for.
    if (confirmed.some(({ stored }) => stored.parked !== null)) this.#releaseRefused();
  }

  /** Accepted commands whose event is folded in, but whose message lies outside of the window (a repeat of long ago). */
  settle(seq: number): void {
    const settled = this.#commands.filter(({ acceptedSeq }) => acceptedSeq !== null && acceptedSeq <= seq);
    if (settled.length > 0) this.#show(this.#commands.filter((command) => !settled.includes(command)));
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
    if (!this.#running || this.#flushing || !this.#mayAttempt() || this.#next() === undefined) return;
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

  /** The first that is still to be sent, unless it, and with it everything, is parked. */
  #next(): StoredCommand | undefined {
    const next = this.#commands.find(({ acceptedSeq, vanished }) => acceptedSeq === null && !vanished)?.stored;
    return next?.parked === null ? next : undefined;
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
    const next = this.#mayAttempt() ? this.#next() : undefined;
    if (!next) return false;
    switch (await this.#ageOf(next)) {
      case "fresh":
        return this.#attempt(next);
      case "too-old":
        this.#options.batch(() => this.#park(next.id, "too-old"));
        return false;
      case "committed":
        this.#options.batch(() => this.#forget([next.id]));
        await this.#lastWrite;
        return true;
      case "unknown":
        return false;
    }
  }

  /** Decided only with the log read to its head: what a killed tab had sent already is no draft. */
  async #ageOf({ id, queuedAt }: StoredCommand): Promise<"fresh" | "too-old" | "committed" | "unknown"> {
    if (queuedAt === null) return "fresh";
    const now = this.#ports.serverTime.now();
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

  async #attempt({ id, consultationId, content, replyToId }: StoredCommand): Promise<boolean> {
    this.#options.batch(() => {
      this.#sendingId = id;
      this.#change(id, { waits: null });
    });
    const result = await this.#ports.api.sendMessage({ id, consultationId, content, replyToId, attachmentIds: [] });
    this.#options.batch(() => {
      this.#sendingId = null;
      if (result.ok) this.#accepted(id, result.value.event);
      else this.#refused(id, result.failure);
    });
    // Before the lock is free: another tab would find it and send it again.
    await this.#lastWrite;
    return result.ok;
  }

  #accepted(id: string, event: Event | null): void {
    this.#backoff.reset();
    this.#write(this.#ports.queue.remove(id));
    if (!event) {
      this.#show(this.#commands.filter(({ stored }) => stored.id !== id));
      return;
    }
    this.#change(id, { acceptedSeq: event.seq });
    // May confirm it on the spot, or wait for the events before it.
    this.#options.onEvent(event);
  }

  #refused(id: string, failure: ApiFailure): void {
    if (failure.kind === "unreadable") this.#options.onDoubt();
    switch (classify(failure)) {
      case "definite":
        // Unless it was confirmed by the log, or wiped, while the attempt was on its way.
        if (this.#find(id)) this.#park(id, codeOf(failure));
        return;
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

  #wait(waitsFor: "network" | "server" | "time", ms: number): void {
    if (!this.#running) return;
    this.#waitsFor = waitsFor;
    this.#retryTimer.arm(ms, () => this.#options.batch(() => this.#pump()));
  }

  #park(id: string, reason: ParkReason): void {
    this.#write(this.#ports.queue.park(id, reason));
    this.#changeStored(id, { parked: reason });
  }

  /** What was refused may be tried again; what is too old is still for the person to decide about. */
  #releaseRefused(): void {
    for (const { stored } of this.#commands) {
      if (stored.parked !== null && stored.parked !== "too-old") this.#write(this.#ports.queue.park(stored.id, null));
    }
    this.#release((stored) => (stored.parked === "too-old" ? stored : { ...stored, parked: null }));
  }

  #release(released: (stored: StoredCommand) => StoredCommand): void {
    this.#show(this.#commands.map((command) => ({ ...command, stored: released(command.stored), waits: null })));
    this.#pump();
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
    return this.#pending.find((pending) => pending.id === id)?.state;
  }

  #change(id: string, patch: Partial<Command>): void {
    this.#show(this.#commands.map((command) => (command.stored.id === id ? { ...command, ...patch } : command)));
  }

  #changeStored(id: string, patch: Partial<StoredCommand>): void {
    const command = this.#find(id);
    if (command) this.#change(id, { stored: { ...command.stored, ...patch } });
  }

  /** The one place where what is known becomes what is shown. */
  #show(commands: readonly Command[]): void {
    this.#commands = [...commands].sort((a, b) => a.stored.serial - b.stored.serial);
    const before = new Map(this.#pending.map((pending) => [pending.id, pending]));
    let blocked = false;
    const pending = this.#commands.map((command): PendingSend => {
      const { id } = command.stored;
      const shown = pendingOf(command, this.#sendingId === id || command.acceptedSeq !== null, blocked);
      if (command.stored.parked !== null && !command.vanished) blocked = true;
      const known = before.get(id);
      if (!known) return shown;
      if (known.state !== shown.state) moveStatus(known.state, shown.state);
      return isSame(known, shown) ? known : shown;
    });
    const same = pending.length === this.#pending.length && pending.every((entry, i) => entry === this.#pending[i]);
    if (!same) this.#pending = pending;
  }
}

function fromStorage(stored: StoredCommand): Command {
  return { stored, waits: null, acceptedSeq: null, vanished: false };
}

/** SND4: what stands behind a parked command is parked too, for everybody to see, without a reason of its own. */
function pendingOf({ stored, waits }: Command, sending: boolean, blocked: boolean): PendingSend {
  const { id, content, serial, parked } = stored;
  if (sending) return { id, content, serial, state: "sending", reason: null };
  if (parked !== null) return { id, content, serial, state: "parked", reason: parked };
  if (blocked) return { id, content, serial, state: "parked", reason: null };
  return { id, content, serial, state: "queued", reason: waits };
}

function isSame(a: PendingSend, b: PendingSend): boolean {
  return a.state === b.state && a.reason === b.reason && a.serial === b.serial && a.content === b.content;
}
