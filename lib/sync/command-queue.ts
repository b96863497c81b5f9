import { moveStatus } from "@/lib/core/message-status";
import type { PendingSend } from "@/lib/core/timeline";
import type { Event } from "@/lib/protocol/event";
import { Backoff } from "./backoff";
import { classify, codeOf, retryAfterMs } from "./failure";
import type { ApiFailure, Cancel, Ports, StoredCommand } from "./ports";
import { Timer } from "./timer";

const RETRY = { baseMs: 1_000, maxMs: 30_000 };

export interface CommandQueueOptions {
  readonly consultationId: string;
  readonly batch: (run: () => void) => void;
  /** The server took a command: its event enters through the one door. */
  readonly onEvent: (event: Event) => void;
  /** It took one, but what it answered cannot be read: the log will tell. */
  readonly onUnreadable: () => void;
}

interface Command extends PendingSend {
  readonly replyToId: string | null;
  /** Its event as the server answered it, not yet folded in: the bubble stays until the log shows it. */
  readonly acceptedSeq: number | null;
}

/**
 * Own commands of one consultation, first in first out, one on its way at a time (SND2). A command leaves only when
 * the log shows its message, when the server answered it, or when the person discards it: a timeout is *unknown* and
 * is tried again under the same id for as long as it takes (SND3).
 *
 * A definite refusal parks the command, and those behind it with it, because sending them would change the order in
 * which they were written. They are released together (SND4).
 */
export class CommandQueue {
  readonly #ports: Ports;
  readonly #options: CommandQueueOptions;
  readonly #retryTimer: Timer;
  readonly #backoff: Backoff;
  #commands: readonly Command[] = [];
  #sendingId: string | null = null;
  #signedOut = false;
  /** Who asked for the pause before the next attempt: a server's wish is not cut short by better news of the network. */
  #waitsFor: "network" | "server" | null = null;
  #running = false;
  #stopSignals: Cancel | null = null;
  #loaded: Promise<void> | null = null;

  constructor(ports: Ports, options: CommandQueueOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#retryTimer = new Timer(ports.clock);
    this.#backoff = new Backoff(ports.random, RETRY);
  }

  /** In queue order; the same array while nothing in it changed. */
  get pending(): readonly PendingSend[] {
    return this.#commands;
  }

  /** Everything is kept until somebody signs in again. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** Something is still to be sent, as opposed to parked for the person to decide. */
  get unfinished(): boolean {
    return this.#commands.some(({ state }) => state !== "parked");
  }

  get durable(): boolean {
    return this.#ports.queue.durable();
  }

  start(): void {
    this.#running = true;
    this.#stopSignals = this.#ports.signals.onChange((signal) => {
      if (signal === "offline" || signal === "hidden") return;
      this.#options.batch(() => this.resume());
    });
    this.#loaded ??= this.#load();
    this.#pump();
  }

  /** An attempt under way is let go on: its answer still counts. */
  stop(): void {
    this.#running = false;
    this.#stopSignals?.();
    this.#stopSignals = null;
    this.#retryTimer.clear();
  }

  /** Resolves once the storage has it, and only then it may leave the composer (SND1). */
  async send(content: string, replyToId: string | null = null): Promise<string> {
    const id = this.#ports.ids.messageId();
    const { consultationId } = this.#options;
    const now = this.#ports.serverTime.now();
    const queuedAt = now === null ? null : new Date(now).toISOString();
    const command = { kind: "send", id, consultationId, content, replyToId, queuedAt, parked: null } as const;
    const stored = await this.#ports.queue.add(command);
    this.#options.batch(() => {
      this.#take([stored]);
      this.#pump();
    });
    return id;
  }

  /** Tries a parked command again, and with it all that its refusal held up. */
  retry(id: string): void {
    if (this.#commands.some((command) => command.id === id && command.state === "parked")) this.#release();
  }

  /** Forgets a parked command; what waited behind it goes on. */
  discard(id: string): void {
    const command = this.#commands.find((candidate) => candidate.id === id);
    if (command?.state !== "parked") return;
    this.#forget(id);
    if (command.reason !== null) this.#release();
  }

  /** The server can be reached and knows us: do not wait any longer. */
  resume(): void {
    this.#signedOut = false;
    if (this.#waitsFor === "network") this.#retryTimer.clear();
    this.#pump();
  }

  /** These messages are in the log (ID1): whatever became of our attempts, they are sent. */
  confirm(messageIds: ReadonlySet<string>): void {
    for (const { id, state, reason } of this.#commands) {
      if (!messageIds.has(id)) continue;
      moveStatus(state, "sent");
      this.#forget(id);
      // It had been refused and yet it is there: those behind it have nothing left to wait for.
      if (state === "parked" && reason !== null) this.#release();
    }
  }

  /** Accepted commands whose event is folded in, but whose message lies outside of the window (a repeat of long ago). */
  settle(seq: number): void {
    for (const { id, acceptedSeq } of this.#commands) {
      if (acceptedSeq !== null && acceptedSeq <= seq) this.#drop(id);
    }
  }

  async #load(): Promise<void> {
    const stored = await this.#ports.queue.list(this.#options.consultationId);
    this.#options.batch(() => {
      this.#take(stored);
      this.#pump();
    });
  }

  #take(stored: readonly StoredCommand[]): void {
    const known = new Set(this.#commands.map((command) => command.id));
    const added = stored.filter((command) => !known.has(command.id)).map(fromStorage);
    if (added.length === 0) return;
    const commands = [...this.#commands, ...added].sort((a, b) => a.serial - b.serial);
    this.#commands = behindParked(commands);
  }

  #pump(): void {
    if (!this.#running || this.#sendingId !== null || this.#signedOut || this.#retryTimer.armed) return;
    if (!this.#ports.signals.online()) return;
    const next = this.#commands.find((command) => command.acceptedSeq === null);
    if (next?.state === "queued") void this.#attempt(next);
  }

  async #attempt(command: Command): Promise<void> {
    const { id, content, replyToId } = command;
    this.#sendingId = id;
    this.#update(id, { state: moveStatus(command.state, "sending"), reason: null });
    const { consultationId } = this.#options;
    const result = await this.#ports.api.sendMessage({ id, consultationId, content, replyToId, attachmentIds: [] });
    this.#options.batch(() => {
      this.#sendingId = null;
      if (result.ok) {
        this.#backoff.reset();
        this.#accepted(id, result.value.event);
      } else {
        this.#refused(id, result.failure);
      }
      this.#pump();
    });
  }

  #accepted(id: string, event: Event | null): void {
    void this.#ports.queue.remove(id);
    if (!event) {
      this.#drop(id);
      return;
    }
    if (this.#find(id)) this.#update(id, { acceptedSeq: event.seq });
    // May confirm it on the spot, or wait for the events before it.
    this.#options.onEvent(event);
  }

  #refused(id: string, failure: ApiFailure): void {
    if (failure.kind === "unreadable") this.#options.onUnreadable();
    const command = this.#find(id);
    // Confirmed by the log while the attempt was on its way.
    if (!command) return;
    switch (classify(failure)) {
      case "definite": {
        const reason = codeOf(failure);
        void this.#ports.queue.park(id, reason);
        this.#update(id, { state: moveStatus(command.state, "parked"), reason });
        this.#commands = behindParked(this.#commands);
        return;
      }
      case "signed-out":
        this.#signedOut = true;
        this.#update(id, { state: moveStatus(command.state, "queued"), reason: codeOf(failure) });
        return;
      case "transient": {
        const reason = failure.kind === "refused" ? codeOf(failure) : "network";
        this.#update(id, { state: moveStatus(command.state, "queued"), reason });
        this.#waitsFor = failure.kind === "unknown" ? "network" : "server";
        const delay = Math.max(this.#backoff.next(), retryAfterMs(failure));
        if (this.#running) this.#retryTimer.arm(delay, () => this.#options.batch(() => this.#pump()));
      }
    }
  }

  #release(): void {
    for (const { id, state, reason } of this.#commands) {
      if (state !== "parked") continue;
      if (reason !== null) void this.#ports.queue.park(id, null);
      this.#update(id, { state: moveStatus(state, "queued"), reason: null });
    }
    this.#pump();
  }

  #find(id: string): Command | undefined {
    return this.#commands.find((command) => command.id === id);
  }

  #forget(id: string): void {
    void this.#ports.queue.remove(id);
    this.#drop(id);
  }

  #drop(id: string): void {
    this.#commands = this.#commands.filter((command) => command.id !== id);
  }

  #update(id: string, patch: Partial<Command>): void {
    this.#commands = this.#commands.map((command) => (command.id === id ? { ...command, ...patch } : command));
  }
}

function fromStorage({ id, content, serial, replyToId, parked }: StoredCommand): Command {
  const state = parked === null ? "queued" : "parked";
  return { id, content, state, reason: parked, serial, replyToId, acceptedSeq: null };
}

/** SND4: what stands behind a parked command is parked too, for everybody to see, without a reason of its own. */
function behindParked(commands: readonly Command[]): readonly Command[] {
  const first = commands.findIndex((command) => command.state === "parked" && command.reason !== null);
  if (first === -1) return commands;
  return commands.map((command, index) =>
    index > first && command.state === "queued"
      ? { ...command, state: moveStatus(command.state, "parked"), reason: null }
      : command,
  );
}
