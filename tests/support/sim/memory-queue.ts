import type { Cancel, QueueStorage, StoredCommand } from "@/lib/sync/ports";
import { WebLocks } from "./web-locks";

type Listener = (consultationId: string | null) => void;

/** One tab's view of the queue. `close()` is the end of the tab: its locks are free, and it hears of nothing. */
export type MemoryQueueTab = QueueStorage & { close(): void };

/** What the tabs of one browser share of one user: commands, locks, and word of each other's changes. */
export class MemoryQueue {
  readonly #commands = new Map<string, StoredCommand>();
  readonly #tabs = new Map<MemoryQueueTab, Set<Listener>>();
  readonly #locks = new WebLocks<MemoryQueueTab>((_tab, resolve) => resolve());
  #lastSerial = 0;

  /** Signing out: nothing is kept, and every tab hears of it. */
  wipe(): void {
    this.#commands.clear();
    this.#tell(null, null);
  }

  /** Word of changes does not reach this tab any more, as in one that was frozen when it came. */
  deafen(tab: QueueStorage): void {
    for (const [other, listeners] of this.#tabs) if (other === tab) listeners.clear();
  }

  tab(): MemoryQueueTab {
    const listeners = new Set<Listener>();
    const tab: MemoryQueueTab = {
      durable: () => true,
      list: async (consultationId) => this.#sorted().filter((command) => command.consultationId === consultationId),
      consultationIds: async () => [...new Set(this.#sorted().map(({ consultationId }) => consultationId))],
      add: async (command) => {
        this.#lastSerial += 1;
        const stored = { ...command, serial: this.#lastSerial };
        this.#commands.set(stored.id, stored);
        this.#tell(tab, stored.consultationId);
        return stored;
      },
      park: async (id, reason) => {
        const command = this.#commands.get(id);
        if (!command) return;
        const queuedAt = reason === null ? null : command.queuedAt;
        this.#commands.set(id, { ...command, queuedAt, parked: reason });
        this.#tell(tab, command.consultationId);
      },
      remove: async (id) => {
        const command = this.#commands.get(id);
        if (!command) return;
        this.#commands.delete(id);
        this.#tell(tab, command.consultationId);
      },
      onChange: (listener): Cancel => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      exclusively: (consultationId, run) => this.#locks.exclusively(tab, consultationId, run),
      close: () => {
        listeners.clear();
        this.#tabs.delete(tab);
        this.#locks.forget(tab);
      },
    };
    this.#tabs.set(tab, listeners);
    return tab;
  }

  #sorted(): StoredCommand[] {
    return [...this.#commands.values()].sort((a, b) => a.serial - b.serial);
  }

  #tell(from: MemoryQueueTab | null, consultationId: string | null): void {
    for (const [tab, listeners] of [...this.#tabs]) {
      if (tab !== from) for (const listener of [...listeners]) listener(consultationId);
    }
  }
}
