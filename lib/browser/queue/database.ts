import { type DBSchema, type IDBPDatabase, openDB } from "idb";

const NAME = "murph";
const VERSION = 1;
/** Of the sealed part of a row. */
export const FORMAT = 1;

/** Whose commands are kept, and the key that opens them. Wiping removes this row: its generation never comes back. */
export interface OwnerRow {
  userId: string;
  generation: string;
  key: CryptoKey;
}

/** What anybody with the profile in their hands may read of a command: whose, where, when, but no word of it. */
export interface CommandRow {
  serial?: number;
  format: number;
  kind: string;
  userId: string;
  generation: string;
  consultationId: string;
  id: string;
  queuedAt: string | null;
  parked: string | null;
  /** Of a draft: in which field it stands, and whose it is among the tabs. */
  place?: string;
  tab?: string;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

interface Schema extends DBSchema {
  owners: { key: string; value: OwnerRow };
  commands: {
    key: number;
    value: CommandRow;
    indexes: { "by-id": [string, string]; "by-consultation": [string, string] };
  };
}

export type QueueDatabase = IDBPDatabase<Schema>;

/**
 * One database for the origin (docs/decisions/024). Versions only ever add, so that a bundle works on a database that a
 * newer one has upgraded beside it: a tab lets go of its connection for the upgrade and opens whatever is there after.
 */
export async function openQueueDatabase(onClosed: () => void = () => {}): Promise<QueueDatabase> {
  try {
    return await openVersion(VERSION, onClosed);
  } catch (error) {
    if (error instanceof DOMException && error.name === "VersionError") return openVersion(undefined, onClosed);
    throw error;
  }
}

function openVersion(version: number | undefined, onClosed: () => void): Promise<QueueDatabase> {
  return openDB<Schema>(NAME, version, {
    upgrade(database, from) {
      if (from > 0) return;
      database.createObjectStore("owners", { keyPath: "userId" });
      const commands = database.createObjectStore("commands", { keyPath: "serial", autoIncrement: true });
      commands.createIndex("by-id", ["userId", "id"], { unique: true });
      commands.createIndex("by-consultation", ["userId", "consultationId"]);
    },
    blocking(_current, _blocked, event) {
      if (event.target instanceof IDBDatabase) event.target.close();
      onClosed();
    },
    terminated: onClosed,
  });
}

export function commandsOf(userId: string): IDBKeyRange {
  // Arrays sort after strings: every consultation of this user.
  return IDBKeyRange.bound([userId], [userId, []]);
}

/**
 * Writes only where there is something to delete: a page that ends while it reads and writes leaves the database of a
 * WebKit browser hanging until the browser is begun anew (https://bugs.webkit.org/show_bug.cgi?id=324094).
 */
export async function deleteRows(database: QueueDatabase, rows: readonly CommandRow[]): Promise<void> {
  if (rows.length === 0) return;
  const transaction = database.transaction("commands", "readwrite");
  for (const { serial } of rows) if (serial !== undefined) await transaction.store.delete(serial);
  await transaction.done;
}
