import type { QueueStorage, StoredCommand } from "./ports";

/** Commands live as long as the tab does. */
export function createMemoryQueueStorage(): QueueStorage {
  const commands = new Map<string, StoredCommand>();
  let lastSerial = 0;
  return {
    async list(consultationId) {
      return [...commands.values()]
        .filter((command) => command.consultationId === consultationId)
        .sort((a, b) => a.serial - b.serial);
    },
    async add(command) {
      lastSerial += 1;
      const stored = { ...command, serial: lastSerial };
      commands.set(stored.id, stored);
      return stored;
    },
    async park(id, reason) {
      const command = commands.get(id);
      if (command) commands.set(id, { ...command, parked: reason });
    },
    async remove(id) {
      commands.delete(id);
    },
  };
}
