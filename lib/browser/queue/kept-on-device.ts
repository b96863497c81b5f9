import { hasIndexedDb } from "@/lib/browser/facilities";
import { mayHoldWords } from "./command-bodies";
import { commandsOf, deleteRows, openQueueDatabase, type QueueDatabase } from "./database";
import { QueueChannel } from "./queue-channel";

/** Nobody waits longer to sign in or out. */
const PATIENCE_MS = 3_000;

/** Whose unsent words this browser keeps: how many messages, edits and drafts. */
export interface KeptOnDevice {
  readonly userId: string;
  readonly count: number;
}

/**
 * What the sign-in page asks before anybody is signed in: words of somebody wait on this device, and signing in as
 * somebody else deletes them (`chatClientOf` does). Says whose, never what. A browser that keeps nothing has nothing.
 */
export async function unsentOnDevice(): Promise<readonly KeptOnDevice[]> {
  const kept = await withDatabase(async (database) => {
    const transaction = database.transaction(["owners", "commands"]);
    const owners = await transaction.objectStore("owners").getAll();
    const counts = owners.map(async ({ userId, generation }) => {
      const rows = await transaction.objectStore("commands").index("by-consultation").getAll(commandsOf(userId));
      return { userId, count: rows.filter((row) => row.generation === generation && mayHoldWords(row)).length };
    });
    return (await Promise.all(counts)).filter(({ count }) => count > 0);
  });
  return kept ?? [];
}

/**
 * Signing out: the key first, so that nothing can be read or written back whatever happens next; then every tab hears
 * of it; then the rows. Resolves also where there is no storage to wipe: the tabs forget what is in their memory.
 */
export async function wipeQueue(userId: string): Promise<void> {
  const wiped = await withDatabase(async (database) => {
    await wipe(database, userId);
    return true;
  });
  if (!wiped) tellWiped(userId);
}

/** Somebody has signed in: what others left here can be sent by nobody any more. */
export async function wipeQueuesOfOthers(viewerId: string): Promise<void> {
  await withDatabase(async (database) => {
    const others = (await database.getAllKeys("owners")).filter((userId) => userId !== viewerId);
    for (const userId of others) await wipe(database, userId);
    // The rest of a wipe that a crash cut short.
    const rows = await database.getAll("commands");
    await deleteRows(
      database,
      rows.filter(({ userId }) => userId !== viewerId),
    );
  });
}

async function wipe(database: QueueDatabase, userId: string): Promise<void> {
  const key = database.transaction("owners", "readwrite", { durability: "strict" });
  await key.store.delete(userId);
  await key.done;
  tellWiped(userId);
  const rows = database.transaction("commands", "readwrite");
  for (const serial of await rows.store.index("by-consultation").getAllKeys(commandsOf(userId))) {
    await rows.store.delete(serial);
  }
  await rows.done;
}

function tellWiped(userId: string): void {
  const channel = new QueueChannel();
  channel.tell({ userId, consultationId: null });
  channel.close();
}

/** null where the browser refuses or does not answer: then nothing that survives the page can be had from it. */
async function withDatabase<T>(run: (database: QueueDatabase) => Promise<T>): Promise<T | null> {
  if (!hasIndexedDb()) return null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hung = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  const work = openQueueDatabase().then((database) => run(database).finally(() => database.close()));
  try {
    return await Promise.race([work, hung]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
