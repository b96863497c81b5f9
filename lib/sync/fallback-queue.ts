import type { ParkReason } from "@/lib/core/timeline";
import type { Clock, NewCommand, QueueStorage, StoredCommand } from "./ports";
import { Timer } from "./timer";

/** What the browser's own storage does of a queue. Any call may reject, or never settle. */
export type FallibleQueue = Pick<QueueStorage, "list" | "consultationIds" | "add" | "park" | "remove">;

/** Some browsers let a database hang instead of refusing it: for a while on a busy device, or for ever. */
const PATIENCE_MS = 3_000;
/** Between the serials of the disk there is room for this many commands that it refused. */
const MEMORY_SERIAL_STEP = 2 ** -20;

interface Options {
  readonly disk: FallibleQueue;
  readonly clock: Clock;
  /** `durable()` may have changed, by a command of this consultation. */
  readonly onDurable: (consultationId: string) => void;
}

/**
 * Makes of a storage that may refuse one that never does, so that no error of it costs a word:
 *
 * - A command that it does not take lives in memory, and with it those that follow in its consultation until it has
 *   left: another tab, which cannot see it, must not send a later one first.
 * - A list that it does not give is the last one that it gave and what happened since.
 * - A change that it does not take (parked, released, removed) is owed: laid over what it lists, and tried again before
 *   each reading. If it never gets there, the next load sends a message again that the server has (its id says so), or
 *   shows one as parked that was discarded; nothing is lost or doubled.
 * - One that hangs is not asked again until it has answered; what came meanwhile is then given to it.
 */
export class FallbackQueue implements FallibleQueue {
  readonly #options: Options;
  readonly #memory = new Map<string, StoredCommand>();
  /** What the disk keeps as far as we know. */
  readonly #known = new Map<string, StoredCommand>();
  readonly #owed = new Map<string, ParkReason | null | "removed">();
  /** Calls that have outlasted our patience and have no answer yet. */
  #hanging = 0;
  /** Consultations whose list was wanted meanwhile. */
  readonly #unlisted = new Set<string>();
  #unreadable = false;
  #lastSerial = 0;
  #lastAdd: Promise<unknown> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  durable(): boolean {
    return this.#hanging === 0 && !this.#unreadable && this.#memory.size === 0;
  }

  async list(consultationId: string): Promise<readonly StoredCommand[]> {
    await this.#payOwed();
    const listed = await this.#ask(() => this.#options.disk.list(consultationId));
    if (this.#hanging > 0) this.#unlisted.add(consultationId);
    this.#setUnreadable(listed === null, consultationId);
    if (listed) {
      for (const { id } of this.#of(this.#known, consultationId)) this.#known.delete(id);
      for (const command of listed) this.#remember(command);
    }
    const onDisk = this.#of(this.#known, consultationId).filter(({ id }) => !this.#memory.has(id));
    const commands = [
      ...onDisk.flatMap((command) => this.#withOwed(command)),
      ...this.#of(this.#memory, consultationId),
    ];
    return commands.sort((a, b) => a.serial - b.serial);
  }

  async consultationIds(): Promise<readonly string[]> {
    const onDisk = await this.#ask(() => this.#options.disk.consultationIds());
    const here = [...this.#known.values(), ...this.#memory.values()].map(({ consultationId }) => consultationId);
    return [...new Set([...(onDisk ?? []), ...here])];
  }

  add(command: NewCommand): Promise<StoredCommand> {
    // In turn: serials are given in the order in which the commands came.
    const added = this.#lastAdd.then(() => this.#add(command));
    this.#lastAdd = added;
    return added;
  }

  async park(id: string, reason: ParkReason | null): Promise<void> {
    const command = this.#memory.get(id);
    if (command) this.#memory.set(id, parkedAs(command, reason));
    this.#owed.delete(id);
    if (!(await this.#did(() => this.#options.disk.park(id, reason)))) this.#owed.set(id, reason);
  }

  async remove(id: string): Promise<void> {
    const command = this.#memory.get(id) ?? this.#known.get(id);
    this.#memory.delete(id);
    this.#owed.delete(id);
    if (!(await this.#did(() => this.#options.disk.remove(id)))) this.#owed.set(id, "removed");
    this.#known.delete(id);
    if (command) this.#options.onDurable(command.consultationId);
  }

  /** Everything was wiped: what is only here goes as well. */
  forget(): void {
    this.#memory.clear();
    this.#known.clear();
    this.#owed.clear();
  }

  async #add(command: NewCommand): Promise<StoredCommand> {
    const follows = this.#of(this.#memory, command.consultationId).length > 0;
    const added = follows ? null : await this.#askToAdd(command);
    if (added) {
      this.#remember(added);
      return added;
    }
    this.#lastSerial += MEMORY_SERIAL_STEP;
    const stored = { ...command, serial: this.#lastSerial };
    this.#memory.set(stored.id, stored);
    this.#options.onDurable(stored.consultationId);
    return stored;
  }

  async #payOwed(): Promise<void> {
    for (const [id, owed] of [...this.#owed]) {
      const { disk } = this.#options;
      const paid = await this.#did(() => (owed === "removed" ? disk.remove(id) : disk.park(id, owed)));
      if (paid && this.#owed.get(id) === owed) this.#owed.delete(id);
    }
  }

  #withOwed(command: StoredCommand): StoredCommand[] {
    const owed = this.#owed.get(command.id);
    if (owed === undefined) return [command];
    return owed === "removed" ? [] : [parkedAs(command, owed)];
  }

  #remember(command: StoredCommand): void {
    this.#known.set(command.id, command);
    this.#lastSerial = Math.max(this.#lastSerial, command.serial);
  }

  #of(commands: ReadonlyMap<string, StoredCommand>, consultationId: string): StoredCommand[] {
    return [...commands.values()].filter((command) => command.consultationId === consultationId);
  }

  #setUnreadable(unreadable: boolean, consultationId: string): void {
    if (this.#unreadable === unreadable) return;
    this.#unreadable = unreadable;
    this.#options.onDurable(consultationId);
  }

  async #did(run: () => Promise<void>): Promise<boolean> {
    return (await this.#ask(() => run().then(() => true))) ?? false;
  }

  #askToAdd(command: NewCommand): Promise<StoredCommand | null> {
    return this.#ask(
      () => this.#options.disk.add(command),
      (added) => this.#movedToDisk(added),
    );
  }

  /** It leaves the memory; what happened to it there since it was given to the disk is owed. */
  #movedToDisk(added: StoredCommand): void {
    const { id } = added;
    const latest = this.#memory.get(id);
    this.#memory.delete(id);
    if (!latest) this.#owed.set(id, "removed");
    else {
      this.#remember(added);
      if (latest.parked !== added.parked) this.#owed.set(id, latest.parked);
    }
  }

  /** It answers again: what it could not be asked meanwhile. */
  async #resume(): Promise<void> {
    const waiting = [...this.#memory.values()].sort((a, b) => a.serial - b.serial);
    const touched = new Set([...this.#known.values(), ...waiting].map(({ consultationId }) => consultationId));
    for (const id of this.#unlisted) touched.add(id);
    this.#unlisted.clear();
    const stuck = new Set<string>();
    for (const { id, consultationId } of waiting) {
      const command = this.#memory.get(id);
      if (!command || stuck.has(consultationId)) continue;
      const added = await this.#askToAdd(command);
      if (added) this.#movedToDisk(added);
      else stuck.add(consultationId);
    }
    for (const consultationId of touched) this.#options.onDurable(consultationId);
  }

  /** null: refused, or no answer in time. `late` gets an answer that comes after that. */
  async #ask<T>(run: () => Promise<T>, late: (answer: T) => void = () => {}): Promise<T | null> {
    if (this.#hanging > 0) return null;
    const timer = new Timer(this.#options.clock);
    try {
      const running = run();
      const hung = new Promise<null>((resolve) => {
        timer.arm(PATIENCE_MS, () => {
          this.#hanging += 1;
          const settled = running.then(late, () => {});
          void settled.then(() => this.#onLateAnswer());
          resolve(null);
        });
      });
      return await Promise.race([running, hung]);
    } catch {
      return null;
    } finally {
      timer.clear();
    }
  }

  #onLateAnswer(): void {
    this.#hanging -= 1;
    if (this.#hanging === 0) this.#lastAdd = this.#lastAdd.then(() => this.#resume());
  }
}

function parkedAs(command: StoredCommand, reason: ParkReason | null): StoredCommand {
  return { ...command, parked: reason, queuedAt: reason === null ? null : command.queuedAt };
}
