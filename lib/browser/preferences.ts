import { DEFAULT_PREFERENCES, type Preferences, preferencesSchema } from "@/lib/protocol/preferences";
import type { Cancel, Clock } from "@/lib/sync/ports";
import { Store } from "@/lib/sync/store";
import { Timer } from "@/lib/sync/timer";
import { openChannel } from "./facilities";
import type { ManagementApi, ManagementResult } from "./management-api";

/** Another device may have changed them: what is older than this is read again before it decides anything. */
const FRESH_MS = 300_000;
/** Where the wishes of a person cannot be read, what they may have switched off stays off. */
const CAUTIOUS: Preferences = { ...DEFAULT_PREFERENCES, sound: false };

type PreferencesApi = Pick<ManagementApi, "readPreferences" | "savePreferences">;

export interface PreferencesView {
  /** null: not read yet. */
  readonly preferences: Preferences | null;
}

/** What this person wants to be told, and how: one copy a tab, and the tabs tell each other. */
export class MyPreferences {
  readonly #api: PreferencesApi;
  readonly #store: Store<PreferencesView>;
  readonly #channel: BroadcastChannel | null;
  readonly #fresh: Timer;
  #preferences: Preferences | null = null;
  #reading: Promise<Preferences> | null = null;

  constructor(viewerId: string, api: PreferencesApi, clock: Clock) {
    this.#api = api;
    this.#fresh = new Timer(clock);
    this.#store = new Store(() => ({ preferences: this.#preferences }));
    this.#channel = openChannel(`murph-preferences-${viewerId}`);
    this.#channel?.addEventListener("message", ({ data }: MessageEvent) => {
      const told = preferencesSchema.safeParse(data);
      if (told.success) this.#take(told.data);
    });
  }

  get getSnapshot(): () => PreferencesView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  /** Never rejects, and does not wait for longer than one answer may take. */
  readonly current = (): Promise<Preferences> => {
    if (this.#preferences && this.#fresh.armed) return Promise.resolve(this.#preferences);
    this.#reading ??= this.#read();
    return this.#reading;
  };

  readonly save = async (change: Partial<Preferences>): Promise<ManagementResult<Preferences>> => {
    const result = await this.#api.savePreferences(change);
    if (result.ok) {
      this.#take(result.value);
      this.#channel?.postMessage(result.value);
    }
    return result;
  };

  close(): void {
    this.#fresh.clear();
    this.#channel?.close();
  }

  async #read(): Promise<Preferences> {
    const result = await this.#api.readPreferences();
    this.#reading = null;
    if (!result.ok) return this.#preferences ?? CAUTIOUS;
    this.#take(result.value);
    return result.value;
  }

  #take(preferences: Preferences): void {
    this.#fresh.arm(FRESH_MS, () => {});
    this.#store.batch(() => {
      this.#preferences = preferences;
    });
  }
}
