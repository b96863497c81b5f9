import type { DraftTabs, DraftWord } from "@/lib/browser/queue/draft-tabs";
import { type Draft, Drafts } from "@/lib/browser/queue/drafts";

/** A browser whose tabs share one store of drafts and hear each other. */
export function createDraftBrowser() {
  const rows = new Map<string, Draft>();
  const open = new Map<string, Set<(word: DraftWord) => void>>();
  let refuses = false;
  let gate: Promise<void> = Promise.resolve();

  function tabsOf(name: string): DraftTabs {
    const listeners = new Set<(word: DraftWord) => void>();
    open.set(name, listeners);
    return {
      id: Promise.resolve(name),
      living: async () => new Set(open.keys()),
      tell(word) {
        for (const [other, heard] of open) if (other !== name) for (const listener of heard) listener(word);
      },
      onWord(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => open.delete(name),
    };
  }

  return {
    /** What the store has, in the order of writing. */
    kept: () => [...rows.values()].map(({ text }) => text),
    refuse(now: boolean) {
      refuses = now;
    },
    /** Reading waits until the returned function is called. */
    holdReading(): () => void {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    /** The same name again is the same tab after a reload. */
    tab: (name: string) =>
      new Drafts(
        {
          async readDrafts() {
            await gate;
            return [...rows.values()];
          },
          async writeDraft(draft, gone) {
            if (refuses) throw new Error("No room");
            for (const id of gone) rows.delete(id);
            if (!draft) return;
            rows.delete(draft.id);
            rows.set(draft.id, draft);
          },
        },
        tabsOf(name),
      ),
  };
}

/** Everything that the tabs had to do is done: each step takes a few turns of the event loop at most. */
export async function draftsSettled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}
