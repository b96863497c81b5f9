/** Keeps one text a consultation, sealed, until its owner signs out. May reject: then nothing is kept. */
export interface DraftStore {
  readDrafts(): Promise<ReadonlyMap<string, string>>;
  /** null: nothing is left of it. */
  writeDraft(consultationId: string, text: string | null): Promise<void>;
}

/**
 * What stands in composers, by consultation. It waits here while another room is open, and in the store for the case
 * that this page ends: a reload, a crash, a session that has to be begun anew (F29).
 */
export class Drafts {
  readonly #store: DraftStore;
  readonly #texts = new Map<string, string>();
  /** On their way to the store, newest only; one write at a time keeps them in order. */
  readonly #unwritten = new Map<string, string>();
  /** Their newest text is here alone: the store refused it. */
  readonly #refused = new Set<string>();
  #writing = false;
  #loaded: Promise<void> | null = null;

  constructor(store: DraftStore) {
    this.#store = store;
  }

  get(consultationId: string): string {
    return this.#texts.get(consultationId) ?? "";
  }

  set(consultationId: string, text: string): void {
    // An empty composer that comes onto the screen says nothing about what an earlier page left.
    if (this.get(consultationId) === text) return;
    this.#texts.set(consultationId, text);
    this.#unwritten.set(consultationId, text);
    void this.#write();
  }

  /** What an earlier page left, unless something was written here since. */
  async load(consultationId: string): Promise<string> {
    await this.#load();
    return this.get(consultationId);
  }

  /** Everything that is in composers and was not sent. */
  async unsent(): Promise<ReadonlyMap<string, string>> {
    await this.#load();
    return new Map([...this.#texts].filter(([, text]) => text.trim() !== ""));
  }

  /** Something would be lost with this page. */
  inMemoryOnly(): boolean {
    return [...this.#refused].some((consultationId) => this.get(consultationId).trim() !== "");
  }

  /** Signed out: nothing of it is for whoever comes next. */
  forget(): void {
    this.#texts.clear();
    this.#unwritten.clear();
    this.#refused.clear();
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#store.readDrafts().then(
      (kept) => {
        for (const [consultationId, text] of kept) {
          if (!this.#texts.has(consultationId)) this.#texts.set(consultationId, text);
        }
      },
      () => {},
    );
    return this.#loaded;
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    // What is typed again meanwhile is put behind, and this loop meets it.
    for (const [consultationId, text] of this.#unwritten) {
      this.#unwritten.delete(consultationId);
      await this.#store.writeDraft(consultationId, text.trim() === "" ? null : text).then(
        () => this.#refused.delete(consultationId),
        () => this.#refused.add(consultationId),
      );
    }
    this.#writing = false;
  }
}
