import "@/lib/protocol/zod-settings";
import { v4 } from "uuid";
import * as z from "zod";
import { heldLocks, openChannel, requestLock, tabStorage } from "@/lib/browser/facilities";
import type { Cancel } from "@/lib/sync/ports";

const KEY = "murph-tab";
/** A page that is reloaded lets go of its lock while the new one is already asking for it. */
const PATIENCE_MS = 500;

/** Ids only: the words themselves are read from the store. `sent`: these drafts are on their way from another tab. */
const wordSchema = z.object({ place: z.string(), sent: z.array(z.string()) });
export type DraftWord = z.infer<typeof wordSchema>;

/** The tabs of one person, as far as their drafts are concerned. */
export interface DraftTabs {
  /** Of this tab; the same after a reload. */
  readonly id: Promise<string>;
  living(): Promise<ReadonlySet<string>>;
  tell(word: DraftWord): void;
  onWord(listener: (word: DraftWord) => void): Cancel;
  close(): void;
}

/** Where nothing is shared: on a server, and in a browser without locks. */
export const aloneTab: DraftTabs = {
  id: Promise.resolve("alone"),
  living: async () => new Set(),
  tell: () => {},
  onWord: () => () => {},
  close: () => {},
};

/** A tab lives for as long as it holds the lock of its name, which the browser frees when it dies. */
export function createDraftTabs(userId: string): DraftTabs {
  const prefix = `murph-drafts/${userId}/`;
  const channel = openChannel(`murph-drafts-${userId}`);
  const closed = new AbortController();

  async function claim(): Promise<string> {
    const known = tabStorage.getItem(KEY);
    if (known && (await hold(prefix + known, closed.signal))) return known;
    // A duplicated tab has the name of the one that it was made from.
    const name = v4();
    // Where it is not kept, another tab after a reload finds what this one left.
    tabStorage.setItem(KEY, name);
    await hold(prefix + name, closed.signal);
    return name;
  }

  return {
    id: claim(),
    async living() {
      const names = (await heldLocks()) ?? [];
      return new Set(names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)));
    },
    tell: (word) => channel?.postMessage(word),
    onWord(listener) {
      const onMessage = ({ data }: MessageEvent) => {
        const word = wordSchema.safeParse(data);
        if (word.success) listener(word.data);
      };
      channel?.addEventListener("message", onMessage);
      return () => channel?.removeEventListener("message", onMessage);
    },
    close() {
      closed.abort();
      channel?.close();
    },
  };
}

/** Resolves with whether it is held now. */
function hold(name: string, closed: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const held = () => {
      resolve(true);
      return new Promise<void>((free) => {
        if (closed.aborted) free();
        closed.addEventListener("abort", () => free());
      });
    };
    requestLock(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, held).catch(() => resolve(false));
  });
}
