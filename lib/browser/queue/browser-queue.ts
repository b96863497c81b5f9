import { canOpenChannels, hasIndexedDb, hasLocks, hasSubtleCrypto } from "@/lib/browser/facilities";
import { FallbackQueue } from "@/lib/sync/fallback-queue";
import { createMemoryQueueStorage } from "@/lib/sync/memory-queue-storage";
import type { Clock, QueueStorage } from "@/lib/sync/ports";
import { aloneTab, createDraftTabs } from "./draft-tabs";
import { type DraftStore, Drafts } from "./drafts";
import { IndexedDbQueue } from "./indexed-db-queue";
import { wipeQueue } from "./kept-on-device";
import { runExclusively } from "./locks";
import { QueueChannel } from "./queue-channel";

export interface BrowserQueue extends QueueStorage {
  readonly drafts: Drafts;
  /** Signing out: nothing is left, here and in every tab. */
  wipe(): Promise<void>;
  close(): void;
}

/**
 * The queue of one user in this browser. Without a part that it needs (a phone on plain http has neither crypto.subtle
 * nor locks) it lives in memory, each tab its own, and says that it is not durable.
 */
export function createBrowserQueue(userId: string, clock: Clock): BrowserQueue {
  if (isSupported()) return createSharedQueue(userId, clock);
  // On a server nothing is ever queued: the page that it renders shows no notice before the browser was asked.
  return { ...createMemoryQueueStorage(typeof window === "undefined"), drafts: new Drafts(keepsNothing, aloneTab) };
}

function isSupported(): boolean {
  return hasIndexedDb() && hasSubtleCrypto() && hasLocks() && canOpenChannels();
}

const keepsNothing: DraftStore = {
  readDrafts: async () => [],
  writeDraft: () => Promise.reject(new Error("Nothing is kept here")),
};

function createSharedQueue(userId: string, clock: Clock): BrowserQueue {
  const listeners = new Set<(consultationId: string | null) => void>();
  const tellHere = (consultationId: string | null) => {
    for (const listener of [...listeners]) listener(consultationId);
  };
  const forget = () => {
    disk.forget();
    fallback.forget();
    drafts.forget();
    tellHere(null);
  };
  const channel = new QueueChannel((change) => {
    if (change.userId !== userId) return;
    if (change.consultationId === null) forget();
    else tellHere(change.consultationId);
  });
  const disk = new IndexedDbQueue(userId, {
    onChanged: (consultationId) => channel.tell({ userId, consultationId }),
    onWiped: forget,
  });
  const fallback = new FallbackQueue({ disk, clock, onDurable: tellHere });
  const drafts = new Drafts(disk, createDraftTabs(userId));
  const closed = new AbortController();
  return {
    drafts,
    durable: () => fallback.durable(),
    list: (consultationId) => fallback.list(consultationId),
    consultationIds: () => fallback.consultationIds(),
    add: (command) => fallback.add(command),
    park: (id, reason) => fallback.park(id, reason),
    remove: (id) => fallback.remove(id),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exclusively: (consultationId, run) => runExclusively(`murph-queue/${userId}/${consultationId}`, run, closed.signal),
    wipe: () => wipeQueue(userId),
    close() {
      closed.abort();
      listeners.clear();
      channel.close();
      drafts.close();
      disk.close();
    },
  };
}
