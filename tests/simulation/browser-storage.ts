import type { Cancel, QueueStorage, StoredCommand } from "@/lib/sync/ports";
import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import type { VirtualClock } from "@/tests/support/sim/virtual-clock";
import { WebLocks } from "@/tests/support/sim/web-locks";

/** What the storage needs to know of a tab: it may be frozen, and it may die at any moment. */
export interface StorageUser {
  readonly name: string;
  alive(): boolean;
  /** Runs at once, or when the tab is awake again, or never if it died. */
  deliver(run: () => void): void;
}

interface StorageFaults {
  /** Milliseconds that one write or read takes. */
  latencyMs(): number;
  broadcastMs(): number;
  quotaExceeded(): boolean;
}

interface TabState {
  readonly listeners: Set<(consultationId: string | null) => void>;
  readonly memory: Map<string, StoredCommand>;
  refused: boolean;
}

/**
 * What all tabs of one browser share of one user: commands on disk, locks, and word of changes. Calls take effect one
 * after the other and take their time; a tab that dies in between leaves writes that took effect or did not.
 */
export class BrowserStorage {
  readonly commands = new Map<string, StoredCommand>();
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #faults: StorageFaults;
  readonly #tabs = new Map<StorageUser, TabState>();
  readonly #locks = new WebLocks<StorageUser>((user, resolve) => user.deliver(resolve));
  readonly #takenOut: StoredCommand[] = [];
  readonly #added: { user: StorageUser; command: StoredCommand }[] = [];
  #lastSerial = 0;
  #busyUntil = 0;
  #wiped = false;
  /** Called after every write: the moment at which words could get lost. */
  onWrite: () => void = () => {};
  onAdd: (command: StoredCommand) => void = () => {};

  constructor(clock: VirtualClock, random: SeededRandom, faults: StorageFaults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  get lockCount(): number {
    return this.#locks.held;
  }

  get listenerCount(): number {
    return [...this.#tabs.values()].reduce((sum, { listeners }) => sum + listeners.size, 0);
  }

  /** Everything that was ever kept here, on disk or in a tab's memory. */
  get kept(): readonly StoredCommand[] {
    return this.#added.map(({ command }) => command);
  }

  /** Of that what this tab gave, in its order. */
  addedBy(user: StorageUser): readonly StoredCommand[] {
    return this.#added.flatMap((added) => (added.user === user ? [added.command] : []));
  }

  /** Everything of this tab's user that is still to be sent, in its order. */
  commandsOf(user: StorageUser): readonly StoredCommand[] {
    return [...this.commands.values(), ...this.memoryOf(user)].sort((a, b) => a.serial - b.serial);
  }

  find(user: StorageUser, id: string): StoredCommand | undefined {
    return this.commands.get(id) ?? this.#tabs.get(user)?.memory.get(id);
  }

  /** Another tab was quicker to take it out than this one to send it. */
  lastTakenOut(isIt: (command: StoredCommand) => boolean): StoredCommand | undefined {
    return this.#takenOut.findLast(isIt);
  }

  /** Kept for this tab only, because the browser refused: dies with it. */
  memoryOf(user: StorageUser): readonly StoredCommand[] {
    return [...(this.#tabs.get(user)?.memory.values() ?? [])];
  }

  open(user: StorageUser): QueueStorage {
    const state: TabState = { listeners: new Set(), memory: new Map(), refused: false };
    this.#tabs.set(user, state);
    const sorted = () => [...this.commands.values(), ...state.memory.values()].sort((a, b) => a.serial - b.serial);
    const change = (id: string, run: (commands: Map<string, StoredCommand>, command: StoredCommand) => void) =>
      this.#enqueue(user, () => {
        const commands = state.memory.has(id) ? state.memory : this.commands;
        const command = commands.get(id);
        if (!command) return;
        run(commands, command);
        if (commands === this.commands) this.#tell(user, command.consultationId);
      });
    return {
      durable: () => !state.refused,
      list: (consultationId) =>
        this.#enqueue(user, () => sorted().filter((command) => command.consultationId === consultationId)),
      consultationIds: () =>
        this.#enqueue(user, () => [...new Set(sorted().map(({ consultationId }) => consultationId))]),
      add: (command) =>
        this.#enqueue(user, () => {
          this.#lastSerial += 1;
          const stored = { ...command, serial: this.#lastSerial };
          this.#added.push({ user, command: stored });
          this.onAdd(stored);
          if (this.#faults.quotaExceeded()) {
            state.memory.set(stored.id, stored);
            if (!state.refused) {
              state.refused = true;
              this.#tellTab(user, stored.consultationId);
            }
          } else {
            this.commands.set(stored.id, stored);
            this.#tell(user, stored.consultationId);
          }
          return stored;
        }),
      park: (id, reason) =>
        change(id, (commands, command) => {
          const queuedAt = reason === null ? null : command.queuedAt;
          commands.set(id, { ...command, queuedAt, parked: reason });
        }),
      remove: (id) =>
        change(id, (commands, command) => {
          commands.delete(id);
          this.#takenOut.push(command);
        }),
      onChange: (listener): Cancel => {
        state.listeners.add(listener);
        return () => state.listeners.delete(listener);
      },
      exclusively: (consultationId, run) => this.#locks.exclusively(user, consultationId, run),
    };
  }

  /** The end of a tab. Its locks are free; what it had asked for may or may not have reached the disk. */
  close(user: StorageUser): void {
    this.#tabs.delete(user);
    this.#locks.forget(user);
  }

  /** Signing out. */
  wipe(): void {
    this.#wiped = true;
    this.commands.clear();
    for (const state of this.#tabs.values()) state.memory.clear();
    for (const user of this.#tabs.keys()) this.#tellTab(user, null);
  }

  #enqueue<T>(user: StorageUser, effect: () => T): Promise<T> {
    this.#busyUntil = Math.max(this.#busyUntil, this.#clock.now + this.#faults.latencyMs());
    return new Promise((resolve) => {
      this.#clock.after(this.#busyUntil - this.#clock.now, () => {
        if (this.#wiped) return;
        // The tab died while its transaction was open: it took effect or it did not.
        if (!user.alive() && this.#random.chance(0.5)) return;
        const value = effect();
        this.onWrite();
        user.deliver(() => resolve(value));
      });
    });
  }

  #tell(from: StorageUser, consultationId: string): void {
    for (const user of this.#tabs.keys()) if (user !== from) this.#tellTab(user, consultationId);
  }

  #tellTab(user: StorageUser, consultationId: string | null): void {
    this.#clock.after(this.#faults.broadcastMs(), () =>
      user.deliver(() => {
        for (const listener of [...(this.#tabs.get(user)?.listeners ?? [])]) listener(consultationId);
      }),
    );
  }
}
