import { DEFAULT_PREFERENCES } from "@/lib/protocol/preferences";
import type { NoticePorts, SystemNotice, TabWord } from "@/lib/sync/notice-ports";
import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import { CONSULTATION_ID } from "@/tests/support/sim/server-model";
import type { VirtualClock } from "@/tests/support/sim/virtual-clock";

/** As the Web Lock of lib/browser: who claims a message keeps it for so long. */
const CLAIM_MS = 10_000;

/** A tab as its browser's notices see it. */
export interface NoticeUser {
  alive(): boolean;
  deliver(run: () => void): void;
  readonly visible: boolean;
  readonly frozen: boolean;
  readonly inRoom: boolean;
  after(ms: number, run: () => void): () => void;
  /** Called by the browser: a notice outside of the page. */
  onCalled(notice: SystemNotice): void;
}

interface Heard {
  readonly words: Set<(word: TabWord) => void>;
  readonly attention: Set<() => void>;
}

/**
 * What the tabs of one person in one browser know of each other when somebody is to be called: who may do it, where the
 * person looks, and what lies outside of the pages.
 */
export class BrowserNotices {
  /** Shown by the browser and not taken away: by the tag, which is the message's id. */
  readonly #outside = new Map<string, { tab: NoticeUser; notice: SystemNotice }>();
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  /** Somebody sits in front of it; otherwise its windows are seen by nobody. */
  readonly #attended: boolean;
  readonly #tabs = new Map<NoticeUser, Heard>();
  readonly #claims = new Map<string, { tab: NoticeUser; until: number }>();

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
    this.#attended = random.chance(0.6);
  }

  /** What still lies outside of the pages. */
  get outside(): readonly SystemNotice[] {
    return [...this.#outside.values()].map(({ notice }) => notice);
  }

  /** Keys go to the first window that can be seen. */
  isFocused(tab: NoticeUser): boolean {
    const first = [...this.#tabs.keys()].find(({ visible, frozen }) => visible && !frozen);
    return this.#attended && first === tab;
  }

  /** Somebody sits before this consultation right now. */
  isLookedAt(): boolean {
    return [...this.#tabs.keys()].some((tab) => tab.inRoom && this.isFocused(tab));
  }

  open(tab: NoticeUser): NoticePorts {
    const heard: Heard = { words: new Set(), attention: new Set() };
    this.#tabs.set(tab, heard);
    const listenTo =
      <Listener>(listeners: Set<Listener>) =>
      (listener: Listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
    const soon = <T>(value: () => T): Promise<T> =>
      new Promise((resolve) => {
        this.#clock.after(1 + this.#random.below(5), () => tab.deliver(() => resolve(value())));
      });
    return {
      clock: { after: (ms, run) => tab.after(ms, run) },
      attention: {
        visible: () => tab.visible,
        focused: () => this.isFocused(tab),
        onChange: listenTo(heard.attention),
      },
      tabs: {
        isAttended: () => Promise.resolve([...this.#tabs.keys()].some((other) => this.isFocused(other))),
        isLooking: (consultationId) => soon(() => consultationId === CONSULTATION_ID && this.isLookedAt()),
        claim: (messageId) => soon(() => this.#claim(tab, messageId)),
        tell: (word) => this.#tell(tab, word),
        onWord: listenTo(heard.words),
      },
      system: {
        permission: () => "granted",
        show: (notice) => {
          this.#outside.set(notice.messageId, { tab, notice });
          tab.onCalled(notice);
          return true;
        },
        close: (messageId) => this.#outside.delete(messageId),
        asked: () => false,
      },
      sound: { allowed: () => true, play: () => {} },
      preferences: () =>
        Promise.resolve({ ...DEFAULT_PREFERENCES, browserNotifications: true, previewInNotifications: true }),
    };
  }

  close(tab: NoticeUser): void {
    this.#tabs.delete(tab);
    // A notice goes with its page.
    for (const [messageId, shown] of this.#outside) if (shown.tab === tab) this.#outside.delete(messageId);
    for (const [messageId, claim] of this.#claims) if (claim.tab === tab) this.#claims.delete(messageId);
    this.attentionMoved();
  }

  /** A window came, went or was covered: others may have the keys now. */
  attentionMoved(): void {
    for (const [tab, { attention }] of this.#tabs) {
      tab.deliver(() => {
        for (const listener of [...attention]) listener();
      });
    }
  }

  get listenerCount(): number {
    return [...this.#tabs.values()].reduce((sum, { words, attention }) => sum + words.size + attention.size, 0);
  }

  #claim(tab: NoticeUser, messageId: string): boolean {
    const claim = this.#claims.get(messageId);
    if (claim && claim.until > this.#clock.now) return false;
    this.#claims.set(messageId, { tab, until: this.#clock.now + CLAIM_MS });
    return true;
  }

  #tell(from: NoticeUser, word: TabWord): void {
    for (const [tab, { words }] of this.#tabs) {
      if (tab === from) continue;
      this.#clock.after(1 + this.#random.below(15), () =>
        tab.deliver(() => {
          for (const listener of [...words]) listener(word);
        }),
      );
    }
  }
}
