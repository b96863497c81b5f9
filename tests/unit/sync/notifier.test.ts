import { describe, expect, it } from "vitest";
import type { Rows } from "@/lib/core/list";
import { DEFAULT_PREFERENCES, type Preferences } from "@/lib/protocol/preferences";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import type { ListNews } from "@/lib/sync/consultation-list";
import type { NoticePermission, NoticePorts, SystemNotice, TabWord } from "@/lib/sync/notice-ports";
import { Notifier } from "@/lib/sync/notifier";
import { ANNA, CONSULTATION_ID, IBRAHIM, ServerModel, WEBER } from "@/tests/support/sim/server-model";
import { VirtualClock } from "@/tests/support/sim/virtual-clock";

const OTHER_ID = "e0000000-0000-4000-8000-000000000005";
const [template] = new ServerModel().listFor(ANNA) as [ConsultationRow];

const idOf = (seq: number) => `01900000-0000-7000-8000-${String(seq).padStart(12, "0")}`;

function rowWith(seq: number, preview: string, change: Partial<ConsultationRow> = {}): ConsultationRow {
  const lastMessage = { id: idOf(seq), seq, senderId: WEBER.id, preview, createdAt: template.lastActivityAt };
  return { ...template, headSeq: seq, readUpToSeq: 0, unreadCount: 1, lastMessage, ...change };
}

/** One browser with several tabs of Anna, and the pushes and rows that reach them. */
class Browser {
  readonly clock = new VirtualClock();
  readonly tabs: TestTab[] = [];
  readonly outside = new Map<string, SystemNotice>();
  readonly shownOutside: SystemNotice[] = [];
  readonly claims = new Map<string, number>();
  permission: NoticePermission = "granted";
  wasAsked = false;
  preferences: Preferences = { ...DEFAULT_PREFERENCES, browserNotifications: true };
  locks = true;

  tab(state: TabState = "focused"): TestTab {
    const tab = new TestTab(this, state);
    this.tabs.push(tab);
    tab.notifier.start();
    return tab;
  }

  /** The same push reaches every tab. */
  say(seq: number, preview = `message ${seq}`, consultationId = CONSULTATION_ID, senderName = WEBER.name): void {
    for (const tab of this.tabs) tab.hear(seq, preview, consultationId, senderName);
  }

  change(seq: number, preview: string | null | undefined): void {
    const change = {
      v: 1 as const,
      consultationId: CONSULTATION_ID,
      messageId: idOf(seq),
      ...(preview === undefined ? {} : { preview }),
    };
    for (const tab of this.tabs) tab.news({ kind: "change", change });
  }

  rows(rows: Rows): void {
    for (const tab of this.tabs) tab.setRows(rows);
  }

  get toasts() {
    return this.tabs.flatMap((tab) => tab.toasts);
  }

  get sounds(): number {
    return this.tabs.reduce((sum, { sounds }) => sum + sounds, 0);
  }
}

type TabState = "focused" | "visible" | "hidden";

class TestTab {
  readonly notifier: Notifier;
  sounds = 0;
  refreshes = 0;
  audible = true;
  onRefresh = () => {};
  looking: string | null = null;
  #rows: Rows | null = [template];
  readonly #attention = new Set<() => void>();
  readonly #rowListeners = new Set<() => void>();
  readonly #newsListeners = new Set<(news: ListNews) => void>();
  readonly #words = new Set<(word: TabWord) => void>();

  constructor(
    readonly browser: Browser,
    public state: TabState,
  ) {
    const { clock } = browser;
    const listen =
      <T>(listeners: Set<T>) =>
      (listener: T) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
    const ports: NoticePorts = {
      clock,
      attention: {
        visible: () => this.state !== "hidden",
        focused: () => this.state === "focused",
        onChange: listen(this.#attention),
      },
      tabs: {
        isAttended: async () => browser.locks && browser.tabs.some((tab) => tab.state === "focused"),
        isLooking: async (consultationId) =>
          browser.tabs.some((tab) => tab.state === "focused" && tab.looking === consultationId),
        claim: async (messageId) => {
          if (!browser.locks) return true;
          const until = browser.claims.get(messageId) ?? 0;
          if (until > clock.now) return false;
          browser.claims.set(messageId, clock.now + 10_000);
          return true;
        },
        tell: (word) => {
          for (const tab of browser.tabs) if (tab !== this) clock.after(5, () => tab.#word(word));
        },
        onWord: listen(this.#words),
      },
      system: {
        permission: () => browser.permission,
        show: (notice) => {
          browser.outside.set(notice.messageId, notice);
          browser.shownOutside.push(notice);
          return true;
        },
        close: (messageId) => browser.outside.delete(messageId),
        asked: () => browser.wasAsked,
      },
      sound: {
        allowed: () => this.audible,
        play: () => {
          this.sounds += 1;
        },
      },
      preferences: async () => browser.preferences,
    };
    const source = {
      getSnapshot: () => ({ rows: this.#rows }),
      subscribe: listen(this.#rowListeners),
      onNews: listen(this.#newsListeners),
      refresh: async () => {
        this.refreshes += 1;
        this.onRefresh();
      },
    };
    this.notifier = new Notifier(ports, source, ANNA.id);
  }

  get toasts() {
    return this.notifier.getSnapshot().toasts;
  }

  get listeners(): number {
    return this.#attention.size + this.#rowListeners.size + this.#newsListeners.size + this.#words.size;
  }

  hear(seq: number, preview?: string, consultationId = CONSULTATION_ID, senderName?: string): void {
    const words = {
      ...(preview === undefined ? {} : { preview }),
      ...(senderName === undefined ? {} : { senderName }),
    };
    this.news({ kind: "message", notification: { v: 1, consultationId, messageId: idOf(seq), seq, ...words } });
  }

  news(news: ListNews): void {
    for (const listener of [...this.#newsListeners]) listener(news);
  }

  setRows(rows: Rows): void {
    this.#rows = rows;
    for (const listener of [...this.#rowListeners]) listener();
  }

  turn(state: TabState): void {
    this.state = state;
    for (const listener of [...this.#attention]) listener();
  }

  lookAt(consultationId: string | null): void {
    this.looking = consultationId;
    this.notifier.lookAt(consultationId);
  }

  #word(word: TabWord): void {
    for (const listener of [...this.#words]) listener(word);
  }
}

describe("who is called, and where", () => {
  it("C6 a tab that is looked at shows a toast with name and words, and one sound", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    browser.say(1, "good morning");
    await browser.clock.advance(20);
    expect(tab.toasts).toMatchObject([{ messageId: idOf(1), senderName: WEBER.name, preview: "good morning" }]);
    expect(browser.sounds).toBe(1);
    expect(browser.outside.size).toBe(0);
  });

  it("C6 nothing while some tab shows that consultation to somebody, in whichever tab the push arrives first", async () => {
    const browser = new Browser();
    const [first, second] = [browser.tab("hidden"), browser.tab("focused")];
    second.lookAt(CONSULTATION_ID);
    first.hear(1, "seen anyway");
    await browser.clock.advance(500);
    second.hear(1, "seen anyway");
    await browser.clock.advance(500);
    expect([browser.toasts, browser.shownOutside, browser.sounds]).toEqual([[], [], 0]);
    // Another conversation is another matter.
    browser.say(2, "over here", OTHER_ID);
    await browser.clock.advance(500);
    expect(second.toasts).toHaveLength(1);
  });

  it("C6 a tab that shows the consultation to nobody does not keep anybody from being called", async () => {
    for (const state of ["visible", "hidden"] as const) {
      const browser = new Browser();
      const tab = browser.tab(state);
      tab.lookAt(CONSULTATION_ID);
      browser.say(1);
      await browser.clock.advance(500);
      expect(tab.toasts.length + browser.shownOutside.length).toBe(1);
    }
  });

  it("C6 C8 one notice among any number of tabs: the one in use, else one that can be seen, else the browser's", async () => {
    for (const [states, where] of [
      [["hidden", "visible", "focused", "hidden"], 2],
      [["hidden", "hidden", "visible"], 2],
      [["hidden", "hidden", "hidden"], null],
    ] as const) {
      const browser = new Browser();
      for (const state of states) browser.tab(state);
      browser.say(1);
      await browser.clock.advance(1_000);
      expect(browser.tabs.map(({ toasts }) => toasts.length)).toEqual(
        states.map((_, index) => (index === where ? 1 : 0)),
      );
      expect(browser.shownOutside).toHaveLength(where === null ? 1 : 0);
      expect(browser.sounds).toBe(1);
    }
  });

  it("C6 a tab in use that is late still decides; where it never does, another one calls a second later", async () => {
    const browser = new Browser();
    const [busy, other] = [browser.tab(), browser.tab("visible")];
    other.hear(1, "while it draws");
    await browser.clock.advance(800);
    expect(browser.toasts).toEqual([]);
    busy.hear(1, "while it draws");
    await browser.clock.advance(2_000);
    expect([busy.toasts.length, other.toasts.length]).toEqual([1, 0]);
    other.hear(2, "to the living");
    await browser.clock.advance(1_100);
    expect(other.toasts.map(({ preview }) => preview)).toEqual(["to the living"]);
  });

  it("C6 the newest of a conversation takes the place of what another tab still shows of it", async () => {
    const browser = new Browser();
    const [first, second] = [browser.tab(), browser.tab("visible")];
    browser.say(1);
    await browser.clock.advance(500);
    expect(first.toasts).toHaveLength(1);
    first.turn("hidden");
    browser.say(2);
    await browser.clock.advance(500);
    expect([first.toasts.length, second.toasts.length]).toEqual([0, 1]);
  });

  it("C6 without locks (a page without TLS) words between the tabs do, and nobody goes uncalled", async () => {
    const browser = new Browser();
    browser.locks = false;
    for (const state of ["hidden", "focused", "visible"] as const) browser.tab(state);
    browser.say(1);
    await browser.clock.advance(1_000);
    expect(browser.toasts.length + browser.shownOutside.length).toBe(1);
    const together = new Browser();
    together.locks = false;
    for (const state of ["focused", "focused"] as const) together.tab(state);
    together.say(1);
    await together.clock.advance(1_000);
    expect(together.toasts.length).toBeGreaterThan(0);
  });

  it("C6 what a person switched off stays off", async () => {
    const quiet = new Browser();
    quiet.preferences = { ...DEFAULT_PREFERENCES, toasts: false, sound: false };
    const [visible, away] = [quiet.tab(), quiet.tab("hidden")];
    quiet.say(1);
    await quiet.clock.advance(500);
    visible.turn("hidden");
    quiet.say(2);
    await quiet.clock.advance(500);
    expect([quiet.toasts, quiet.shownOutside, quiet.sounds]).toEqual([[], [], 0]);
    expect(away.toasts).toEqual([]);

    const silent = new Browser();
    silent.preferences = { ...DEFAULT_PREFERENCES, browserNotifications: true, sound: false };
    silent.tab("hidden");
    silent.say(1);
    await silent.clock.advance(500);
    expect(silent.shownOutside).toMatchObject([{ silent: true }]);
    expect(silent.sounds).toBe(0);
  });

  it("C6 where this page may not be heard the browser's notice is", async () => {
    const browser = new Browser();
    browser.tab("hidden").audible = false;
    browser.say(1);
    await browser.clock.advance(500);
    expect(browser.shownOutside).toMatchObject([{ silent: false }]);
    expect(browser.sounds).toBe(0);
  });

  it("ATK86 the browser's notice says words only to those who asked for them", async () => {
    const browser = new Browser();
    browser.tab("hidden");
    browser.say(1, "your result is positive");
    await browser.clock.advance(500);
    expect(browser.shownOutside).toMatchObject([{ messageId: idOf(1), words: null }]);
    browser.preferences = { ...browser.preferences, previewInNotifications: true };
    browser.say(2, "call me");
    await browser.clock.advance(500);
    expect(browser.shownOutside[1]?.words).toEqual({ senderName: WEBER.name, preview: "call me" });
    // One a conversation: the one before it is gone.
    expect([...browser.outside.keys()]).toEqual([idOf(2)]);
  });

  it("C6 a burst is one sound and one toast, the newest; several conversations are several", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    for (let seq = 1; seq <= 20; seq += 1) browser.say(seq);
    await browser.clock.advance(500);
    expect(tab.toasts.map(({ seq }) => seq)).toEqual([20]);
    expect(browser.sounds).toBe(1);
    browser.say(21, "elsewhere", OTHER_ID);
    browser.say(19);
    await browser.clock.advance(500);
    expect(tab.toasts.map(({ seq }) => seq)).toEqual([20, 21]);
  });
});

describe("what is no news", () => {
  it("F5 C6 the same push again, at once or after a reconnect long afterwards, is not told again", async () => {
    const browser = new Browser();
    const [tab, beside] = [browser.tab(), browser.tab("hidden")];
    for (let times = 0; times < 5; times += 1) browser.say(1);
    await browser.clock.advance(500);
    tab.notifier.dismiss(idOf(1));
    await browser.clock.advance(60_000);
    browser.say(1);
    beside.hear(1, "again");
    await browser.clock.advance(1_000);
    expect([browser.toasts, browser.shownOutside, browser.sounds]).toEqual([[], [], 1]);
  });

  it("C6 what was there when the tab came, what I have read and what I wrote myself", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    tab.notifier.stop();
    tab.setRows([rowWith(5, "old")]);
    tab.notifier.start();
    browser.say(4);
    browser.say(5);
    tab.setRows([rowWith(7, "read elsewhere", { readUpToSeq: 7, unreadCount: 0 })]);
    browser.say(7);
    const own = rowWith(8, "mine", { readUpToSeq: 7 });
    tab.setRows([{ ...own, lastMessage: own.lastMessage && { ...own.lastMessage, senderId: ANNA.id } }]);
    await browser.clock.advance(3_000);
    expect([tab.toasts, browser.sounds]).toEqual([[], 0]);
    browser.say(9);
    await browser.clock.advance(500);
    expect(tab.toasts.map(({ seq }) => seq)).toEqual([9]);
  });

  it("C6 a tab that comes later does not tell again what another one told", async () => {
    const browser = new Browser();
    browser.tab("hidden");
    browser.say(1);
    await browser.clock.advance(500);
    const later = browser.tab();
    later.notifier.stop();
    later.setRows([rowWith(1, "message 1")]);
    later.notifier.start();
    later.hear(1, "message 1");
    await browser.clock.advance(15_000);
    expect(browser.shownOutside).toHaveLength(1);
    expect(later.toasts).toEqual([]);
  });

  it("C6 after a restore smaller numbers are news again", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    tab.notifier.stop();
    tab.setRows([rowWith(50, "before", { readUpToSeq: 50, unreadCount: 0 })]);
    tab.notifier.start();
    tab.setRows([rowWith(10, "restored", { readUpToSeq: 10, unreadCount: 0 })]);
    browser.say(11);
    await browser.clock.advance(500);
    expect(tab.toasts.map(({ seq }) => seq)).toEqual([11]);
  });
});

describe("what pushes do not tell", () => {
  it("C6 C2 a client that polls, or whose push was lost, is called by the rows", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    tab.setRows([rowWith(1, "only in the row")]);
    await browser.clock.advance(2_000);
    expect(tab.toasts).toMatchObject([{ messageId: idOf(1), senderName: WEBER.name, preview: "only in the row" }]);
    tab.setRows([rowWith(1, "only in the row")]);
    await browser.clock.advance(2_000);
    expect(browser.sounds).toBe(1);
  });

  it("C6 the row is not quicker than the push that knows the sender", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    const row = rowWith(1, "from the interpreter");
    tab.setRows([{ ...row, lastMessage: row.lastMessage && { ...row.lastMessage, senderId: IBRAHIM.id } }]);
    await browser.clock.advance(300);
    browser.say(1, "from the interpreter", CONSULTATION_ID, IBRAHIM.name);
    await browser.clock.advance(2_000);
    expect(tab.toasts).toMatchObject([{ senderName: IBRAHIM.name }]);
    expect(browser.sounds).toBe(1);
  });

  it("C6 tabs that poll in their own time still tell once", async () => {
    const browser = new Browser();
    const [first, second] = [browser.tab("hidden"), browser.tab("hidden")];
    first.setRows([rowWith(1, "polled")]);
    await browser.clock.advance(14_000);
    second.setRows([rowWith(1, "polled")]);
    await browser.clock.advance(14_000);
    expect(browser.shownOutside).toHaveLength(1);
  });

  it("C6 a push without words is filled in from the list, and says less where that knows nothing", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    tab.onRefresh = () => tab.setRows([rowWith(1, "fetched")]);
    tab.hear(1);
    await browser.clock.advance(50);
    expect(tab.refreshes).toBe(1);
    expect(tab.toasts).toMatchObject([{ senderName: WEBER.name, preview: "fetched" }]);
    tab.onRefresh = () => {};
    tab.hear(2, undefined, OTHER_ID);
    await browser.clock.advance(50);
    expect(tab.toasts[1]).toMatchObject({ senderName: null, preview: null });
  });
});

describe("what becomes of a notice", () => {
  it("ATK104 deleted words go from toasts and from the browser's notices, edited ones are replaced or taken back", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    browser.say(1, "something I regret");
    await browser.clock.advance(50);
    browser.change(1, "something better");
    expect(tab.toasts.map(({ preview }) => preview)).toEqual(["something better"]);
    browser.change(1, null);
    expect(tab.toasts).toEqual([]);

    tab.turn("hidden");
    browser.preferences = { ...browser.preferences, previewInNotifications: true };
    browser.say(2, "regretted too");
    await browser.clock.advance(500);
    browser.change(2, "corrected");
    expect(browser.outside.size).toBe(0);
    browser.say(3, "third");
    await browser.clock.advance(500);
    expect([...browser.outside.keys()]).toEqual([idOf(3)]);
    browser.change(3, null);
    expect(browser.outside.size).toBe(0);
    // A correction calls nobody.
    expect(browser.shownOutside).toHaveLength(2);
  });

  it("ATK104 a deletion that overtakes the notification, or comes while it is decided, is as good", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    browser.change(1, null);
    browser.say(1, "never to be seen");
    browser.preferences = { ...browser.preferences, previewInNotifications: true };
    browser.say(2, "first words");
    browser.change(2, "second words");
    tab.turn("hidden");
    browser.say(3, "deleted in flight");
    browser.change(3, null);
    await browser.clock.advance(500);
    tab.turn("focused");
    expect(tab.toasts).toEqual([]);
    expect(browser.shownOutside).toMatchObject([{ messageId: idOf(2), words: { preview: "second words" } }]);
    browser.change(4, "edited before");
    browser.say(4, "as it was");
    await browser.clock.advance(500);
    expect(tab.toasts.at(-1)?.preview).toBe("edited before");
  });

  it("ATK104 where no words are pushed the old ones go first and the list is asked for the new", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    browser.say(1, "old words");
    await browser.clock.advance(50);
    browser.change(1, undefined);
    expect(tab.toasts.map(({ preview }) => preview)).toEqual([null]);
    expect(tab.refreshes).toBe(1);
    tab.setRows([rowWith(1, "new words", { headSeq: 2 })]);
    expect(tab.toasts.map(({ preview }) => preview)).toEqual(["new words"]);
    tab.setRows([{ ...template, headSeq: 3 }]);
    expect(tab.toasts).toEqual([]);
  });

  it("ATK104 a lost change is made good by the next row: other words, none, or no row at all", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    browser.say(1, "as pushed");
    await browser.clock.advance(50);
    tab.setRows([rowWith(1, "as edited", { headSeq: 2 })]);
    expect(tab.toasts.map(({ preview }) => preview)).toEqual(["as edited"]);
    tab.setRows([{ ...template, headSeq: 3, lastMessage: null }]);
    expect(tab.toasts).toEqual([]);
    browser.say(4, "between the two of us");
    await browser.clock.advance(50);
    expect(tab.toasts).toHaveLength(1);
    tab.setRows([]);
    expect(tab.toasts).toEqual([]);
  });

  it("C6 notices go when the message is read on another device, or looked at in any tab", async () => {
    const browser = new Browser();
    const [tab, beside] = [browser.tab(), browser.tab("hidden")];
    browser.say(1);
    await browser.clock.advance(200);
    expect(tab.toasts).toHaveLength(1);
    browser.rows([rowWith(1, "message 1", { readUpToSeq: 1, unreadCount: 0 })]);
    expect(browser.toasts).toEqual([]);

    browser.say(2);
    await browser.clock.advance(200);
    tab.turn("visible");
    beside.turn("focused");
    beside.lookAt(CONSULTATION_ID);
    await browser.clock.advance(50);
    expect(browser.toasts).toEqual([]);

    beside.lookAt(null);
    for (const one of browser.tabs) one.turn("hidden");
    browser.say(3);
    await browser.clock.advance(500);
    expect(browser.outside.size).toBe(1);
    beside.turn("focused");
    beside.lookAt(CONSULTATION_ID);
    await browser.clock.advance(50);
    expect(browser.outside.size).toBe(0);
  });

  it("C6 a stop leaves nothing: no listener, no notice, no timer, and nothing decided afterwards", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    browser.say(1);
    await browser.clock.advance(50);
    tab.turn("hidden");
    browser.say(2);
    await browser.clock.advance(500);
    expect(browser.outside.size).toBe(1);
    browser.say(3);
    tab.notifier.stop();
    expect([tab.listeners, tab.toasts.length, browser.outside.size]).toEqual([0, 0, 0]);
    await browser.clock.advance(5_000);
    expect([tab.toasts.length, browser.outside.size, browser.clock.pending]).toEqual([0, 0, 0]);
  });
});

describe("asking", () => {
  it("C6 whether the browser may call is asked once somebody wrote in vain, when the person is back, and once", async () => {
    const browser = new Browser();
    browser.permission = "default";
    const tab = browser.tab("hidden");
    const mayAsk = () => tab.notifier.getSnapshot().mayAsk;
    expect(mayAsk()).toBe(false);
    browser.say(1);
    await browser.clock.advance(500);
    expect(mayAsk()).toBe(false);
    tab.turn("focused");
    expect(mayAsk()).toBe(true);
    tab.notifier.asked();
    expect(mayAsk()).toBe(false);
    browser.wasAsked = true;
    tab.turn("hidden");
    browser.say(2);
    await browser.clock.advance(500);
    tab.turn("focused");
    expect(mayAsk()).toBe(false);
  });

  it("C6 nobody is asked on arrival, after a refusal, or for what they saw", async () => {
    for (const [permission, state] of [
      ["default", "focused"],
      ["denied", "hidden"],
      ["unsupported", "hidden"],
    ] as const) {
      const browser = new Browser();
      browser.permission = permission;
      const tab = browser.tab(state);
      browser.say(1);
      await browser.clock.advance(500);
      tab.turn("focused");
      expect(tab.notifier.getSnapshot().mayAsk).toBe(false);
    }
  });
});

describe("the count in the title", () => {
  it("C6 ATK86 is the sum of what waits, without the conversation that is being looked at", async () => {
    const browser = new Browser();
    const tab = browser.tab();
    const unread = () => tab.notifier.getSnapshot().unread;
    tab.setRows([rowWith(3, "x", { unreadCount: 2 }), rowWith(4, "y", { id: OTHER_ID, unreadCount: 3 })]);
    expect(unread()).toBe(5);
    tab.lookAt(CONSULTATION_ID);
    expect(unread()).toBe(3);
    tab.turn("hidden");
    expect(unread()).toBe(5);
    tab.turn("focused");
    tab.lookAt(null);
    expect(unread()).toBe(5);
    await browser.clock.advance(3_000);
  });
});
