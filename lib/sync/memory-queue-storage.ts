import type { QueueStorage, StoredCommand } from "./ports";

export type MemoryQueueStorage = QueueStorage & {
  /** Signing out. */
  wipe(): Promise<void>;
  close(): void;
};

/** Commands live as long as the page does, and no other tab sees them. `durable` is what the screen is told. */
export function createMemoryQueueStorage(durable: boolean): MemoryQueueStorage {
  const commands = new Map<string, StoredCommand>();
  const listeners = new Set<(consultationId: string | null) => void>();
  const flushes = new Map<string, Promise<void>>();
  let lastSerial = 0;
  return {
    durable: () => durable,
    async list(consultationId) {
      return [...commands.values()].filter((command) => command.consultationId === consultationId);
    },
    async consultationIds() {
      return [...new Set([...commands.values()].map(({ consultationId }) => consultationId))];
    },
    async add(command) {
      lastSerial += 1;
      const stored = { ...command, serial: lastSerial };
      commands.set(stored.id, stored);
      return stored;
    },
    async park(id, reason) {
      const command = commands.get(id);
      if (!command) return;
      commands.set(id, { ...command, parked: reason, queuedAt: reason === null ? null : command.queuedAt });
    },
    async remove(id) {
      commands.delete(id);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    // No other tab, but a room that was left and entered again while it still sent.
    exclusively(consultationId, run) {
      const flush = (flushes.get(consultationId) ?? Promise.resolve()).then(run);
      flushes.set(consultationId, flush);
      return flush;
    },
    async wipe() {
      commands.clear();
      for (const listener of [...listeners]) listener(null);
    },
    close: () => listeners.clear(),
  };
}
