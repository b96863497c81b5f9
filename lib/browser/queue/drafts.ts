import { v4 } from "uuid";
import type { Cancel } from "@/lib/sync/ports";
import type { DraftTabs } from "./draft-tabs";

/** Words that stand in a field and were not sent. They are of the tab that touched them last, alive or not. */
export interface Draft {
  readonly id: string;
  readonly place: string;
  readonly tab: string;
  readonly text: string;
}

/** Keeps drafts, sealed, until their owner signs out. May reject: then nothing is kept. */
export interface DraftStore {
  /** In the order in which they were written. */
  readDrafts(): Promise<readonly Draft[]>;
  /** In one step: `draft` takes the place of what has its id, and those in `gone` are no more. */
  writeDraft(draft: Draft | null, gone: readonly string[]): Promise<void>;
}

/** What is on its way into the queue: it stands in its field until `taken`. */
export interface Departure {
  readonly text: string;
  /** False: it was changed on its way, and what stands there now is something else. */
  taken(): boolean;
  /** The queue did not want it: it stands there as before. */
  back(): void;
}

/** `cut`: so many characters at the beginning left; null: other words stand there. */
type Listener = (cut: number | null) => void;

/** What stands at one place of this tab. */
interface Stand {
  text: string;
  /** So many characters at the beginning are on their way into the queue. */
  leaving: number;
  /** Counts how often such words were changed. */
  detached: number;
  /** The draft that this tab writes. */
  own: string | null;
  /** Drafts of others that stand here untouched, above the own one, and follow their owner. */
  readonly shown: Map<string, string>;
  readonly gone: Set<string>;
}

/** A place is a consultation's composer, or one of its other fields. */
export const editPlace = (consultationId: string) => `${consultationId}/edit`;
export const notePlace = (consultationId: string) => `${consultationId}/note`;
/** The server has it, and drops it if the announced end is taken back. */
export const announcedNotePlace = (consultationId: string) => `${consultationId}/announced`;
export const isAnnounced = (place: string) => place.endsWith("/announced");

export function consultationOf(place: string): string {
  return place.split("/")[0] ?? place;
}

/** Words that come back stand below those that are there. */
export function joined(there: string, back: string): string {
  if (!back.trim()) return there;
  return there.trim() ? `${there.trimEnd()}\n${back}` : back;
}

/**
 * What stands in composers. It waits here while another room is open, and in the store for the case that this page
 * ends: a reload, a crash, a session that has to be begun anew (F29).
 *
 * Several tabs may have the same room open. Each draft has one owner, the tab that touched it last. A tab with no words
 * of its own shows those of the others, and every tab shows what a tab that is gone has left. Whoever writes on, with
 * these words still there, becomes their owner, and where they stand untouched the new ones follow; whoever writes
 * something else has a draft of their own beside it. Sent words are gone everywhere where they stood untouched.
 */
export class Drafts {
  readonly #store: DraftStore;
  readonly #tabs: DraftTabs;
  readonly #stands = new Map<string, Stand>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #watchers = new Set<() => void>();
  #kept: readonly Draft[] = [];
  #unsent: ReadonlyMap<string, string> | null = null;
  /** Sent from another tab, though the store may not know it yet. */
  readonly #sent = new Set<string>();
  /** Places with words on their way to the store, newest only. */
  readonly #unwritten = new Set<string>();
  #beingWritten: string | null = null;
  /** Their newest text is here alone: the store refused it. */
  readonly #refused = new Set<string>();
  /** Reading and writing take turns: what was read before a write must not be taken for what came of it. */
  #lastTurn: Promise<unknown> = Promise.resolve();
  readonly #stopListening: Cancel;

  constructor(store: DraftStore, tabs: DraftTabs) {
    this.#store = store;
    this.#tabs = tabs;
    this.#stopListening = tabs.onWord(({ place, sent }) => {
      for (const id of sent) this.#sent.add(id);
      void this.#follow(place);
      void this.#read().then(() => this.#follow(place));
    });
  }

  get(place: string): string {
    return this.#stands.get(place)?.text ?? "";
  }

  /** Without what is on its way into the queue. */
  rest(place: string): string {
    const stand = this.#stands.get(place);
    return stand ? stand.text.slice(stand.leaving) : "";
  }

  /** The person changed it. */
  set(place: string, text: string): void {
    const stand = this.#standAt(place);
    if (stand.text === text) return;
    if (!text.startsWith(stand.text.slice(0, stand.leaving))) this.detach(place);
    stand.text = text;
    this.#own(stand);
    this.#write(place);
    this.#changed(place, null);
  }

  /** What is being changed are the words on their way: they go, and whatever stands there from now on is new. */
  detach(place: string): void {
    const stand = this.#stands.get(place);
    if (!stand || stand.leaving === 0) return;
    stand.leaving = 0;
    stand.detached += 1;
  }

  /** Its words are to be sent. Until the queue has them they stay, for the case that this page ends first (SND1). */
  depart(place: string): Departure {
    const stand = this.#standAt(place);
    const { detached } = stand;
    const text = stand.text.slice(stand.leaving);
    stand.leaving = stand.text.length;
    this.#own(stand);
    if (stand.own) this.#tabs.tell({ place, sent: [stand.own, ...stand.gone] });
    return {
      text,
      taken: () => stand.detached === detached && this.#taken(place, text),
      back: () => this.detach(place),
    };
  }

  /** Brings what was left here by this tab or tabs that are gone, or else stands in others, before what is there. */
  async open(place: string): Promise<void> {
    await this.#read();
    const [tab, living] = await Promise.all([this.#tabs.id, this.#tabs.living()]);
    const stand = this.#standAt(place);
    const here = stand.own !== null || stand.text.trim() !== "";
    const found = this.#draftsAt(place).filter(({ id }) => id !== stand.own && !stand.shown.has(id));
    const mine = found.some((draft) => draft.tab === tab);
    const left = found.filter((draft) => draft.tab === tab || !living.has(draft.tab) || !(here || mine));
    if (left.length === 0) return;
    left.sort((a, b) => Number(a.tab === tab) - Number(b.tab === tab));
    const before = left.map(({ text }) => text).reduce(joined, "");
    const leaving = stand.text.slice(0, stand.leaving);
    stand.text = leaving + joined(before, stand.text.slice(stand.leaving));
    if (!here) stand.own = left.find((draft) => draft.tab === tab)?.id ?? null;
    for (const { id, text } of left) if (id !== stand.own) stand.shown.set(id, text);
    if (here) {
      this.#own(stand);
      this.#write(place);
    }
    this.#changed(place, null);
  }

  /** Takes what was left at a place that no field comes back to. */
  async recover(place: string): Promise<string> {
    await this.#read();
    const [tab, living] = await Promise.all([this.#tabs.id, this.#tabs.living()]);
    const own = this.#stands.get(place)?.own;
    const left = this.#draftsAt(place).filter(
      (draft) => draft.id !== own && (draft.tab === tab || !living.has(draft.tab)),
    );
    if (left.length === 0) return "";
    for (const { id } of left) this.#standAt(place).gone.add(id);
    this.#write(place);
    return left.map(({ text }) => text).reduce(joined, "");
  }

  /** What stands at this place was changed by something else than the person's keys in it. */
  onChange(place: string, listener: Listener): Cancel {
    const listeners = this.#listeners.get(place) ?? new Set();
    this.#listeners.set(place, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Everything that is in fields of all tabs and was not sent, by place. */
  readonly unsent = (): ReadonlyMap<string, string> => {
    this.#unsent ??= this.#readUnsent();
    return this.#unsent;
  };

  readonly subscribe = (watcher: () => void): Cancel => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  async load(): Promise<ReadonlyMap<string, string>> {
    await this.#read();
    return this.unsent();
  }

  /** Something would be lost with this page. */
  inMemoryOnly(): boolean {
    return [...this.#refused].some((place) => this.get(place).trim() !== "");
  }

  /** Everywhere, whichever tab has it. */
  async discard(place: string): Promise<void> {
    await this.#read();
    const stand = this.#standAt(place);
    for (const { id } of this.#draftsAt(place)) stand.gone.add(id);
    this.#empty(stand);
    this.#tabs.tell({ place, sent: [...stand.gone] });
    this.#write(place);
    this.#changed(place, null);
  }

  /** Signed out: nothing of it is for whoever comes next. */
  forget(): void {
    this.#kept = [];
    this.#unwritten.clear();
    this.#refused.clear();
    for (const [place, stand] of this.#stands) {
      this.#empty(stand);
      stand.gone.clear();
      this.#changed(place, null);
    }
  }

  close(): void {
    this.#stopListening();
    this.#tabs.close();
  }

  #taken(place: string, text: string): boolean {
    const stand = this.#standAt(place);
    stand.text = stand.text.slice(text.length);
    stand.leaving -= text.length;
    if (stand.own) stand.gone.add(stand.own);
    stand.own = null;
    this.#own(stand);
    this.#write(place);
    this.#changed(place, text.length);
    return true;
  }

  /** Words of others that still stand in it are ours from now on; those that do not are left to whoever has them. */
  #own(stand: Stand): void {
    for (const [id, words] of stand.shown) {
      if (!stand.text.includes(words.trim())) continue;
      if (stand.own === null) stand.own = id;
      else stand.gone.add(id);
    }
    stand.shown.clear();
    if (stand.text.trim() !== "") stand.own ??= v4();
  }

  #empty(stand: Stand): void {
    stand.text = "";
    stand.leaving = 0;
    stand.detached += 1;
    stand.own = null;
    stand.shown.clear();
  }

  /** Another tab changed something here; what the person is writing in this one is theirs. */
  async #follow(place: string): Promise<void> {
    const [tab, living] = await Promise.all([this.#tabs.id, this.#tabs.living()]);
    const stand = this.#stands.get(place);
    if (!stand || stand.leaving > 0 || this.#isOnlyHere(place)) return;
    const kept = new Map(this.#draftsAt(place).map((draft) => [draft.id, draft]));
    const own = stand.own === null ? undefined : kept.get(stand.own);
    if (stand.own !== null && own?.tab !== tab) {
      if (own) stand.shown.set(own.id, own.text);
      stand.own = null;
    }
    for (const id of [...stand.shown.keys()]) {
      const draft = kept.get(id);
      if (!draft || (stand.own !== null && draft.tab !== tab && living.has(draft.tab))) stand.shown.delete(id);
      else stand.shown.set(id, draft.text);
    }
    const text = [...stand.shown.values(), stand.own === null ? "" : (own?.text ?? "")].reduce(joined, "");
    if (text === stand.text) return;
    stand.text = text;
    this.#changed(place, null);
  }

  /** The store does not have what stands here, or not yet. */
  #isOnlyHere(place: string): boolean {
    return this.#unwritten.has(place) || this.#beingWritten === place || this.#refused.has(place);
  }

  #standAt(place: string): Stand {
    const stand = this.#stands.get(place) ?? emptyStand();
    this.#stands.set(place, stand);
    return stand;
  }

  #draftsAt(place: string): Draft[] {
    const gone = this.#stands.get(place)?.gone;
    return this.#kept.filter((draft) => draft.place === place && !gone?.has(draft.id) && !this.#sent.has(draft.id));
  }

  #readUnsent(): ReadonlyMap<string, string> {
    const places = new Set([...this.#stands.keys(), ...this.#kept.map(({ place }) => place)]);
    const unsent = [...places].map((place): [string, string] => {
      const stand = this.#stands.get(place);
      const elsewhere = this.#draftsAt(place).filter(({ id }) => id !== stand?.own && !stand?.shown.has(id));
      return [place, [...elsewhere.map(({ text }) => text), stand?.text ?? ""].reduce(joined, "")];
    });
    return new Map(unsent.filter(([, text]) => text.trim() !== ""));
  }

  #changed(place: string, cut: number | null): void {
    this.#unsent = null;
    for (const listener of [...(this.#listeners.get(place) ?? [])]) listener(cut);
    for (const watcher of [...this.#watchers]) watcher();
  }

  #read(): Promise<void> {
    return this.#inTurn(async () => {
      this.#kept = await this.#store.readDrafts();
      this.#unsent = null;
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  #write(place: string): void {
    const scheduled = this.#unwritten.size > 0;
    this.#unwritten.add(place);
    if (!scheduled) void this.#inTurn(() => this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    const tab = await this.#tabs.id;
    for (const place of this.#unwritten) {
      const { own, text, gone } = this.#standAt(place);
      const draft = own === null || text.trim() === "" ? null : { id: own, place, tab, text };
      const ids = own === null || draft ? [...gone] : [...gone, own];
      // What is typed again meanwhile is put behind, and this loop meets it.
      this.#unwritten.delete(place);
      this.#beingWritten = place;
      await this.#store.writeDraft(draft, ids).then(
        () => {
          this.#refused.delete(place);
          for (const id of ids) gone.delete(id);
          this.#kept = [...this.#kept.filter(({ id }) => id !== own && !ids.includes(id)), ...(draft ? [draft] : [])];
          this.#tabs.tell({ place, sent: [] });
        },
        () => this.#refused.add(place),
      );
      this.#beingWritten = null;
    }
  }

  /** Never rejects: a store that refuses keeps nothing. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(run).catch(() => {});
    this.#lastTurn = turn;
    return turn;
  }
}

function emptyStand(): Stand {
  return { text: "", leaving: 0, detached: 0, own: null, shown: new Map(), gone: new Set() };
}
