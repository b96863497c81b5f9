import type { Rows } from "@/lib/core/list";
import type { MessageNotification } from "@/lib/protocol/notices";
import type { Preferences } from "@/lib/protocol/preferences";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import type { ListNews } from "./consultation-list";
import type { NoticePorts, TabWord } from "./notice-ports";
import type { Cancel } from "./ports";
import { Store } from "./store";
import { Timer } from "./timer";

/** A tab that somebody uses goes first, one that can be seen second: what they claim is dealt with. */
const VISIBLE_WAIT_MS = 50;
const HIDDEN_WAIT_MS = 150;
/** A tab in use may be late, drawing what came; a dead one must not keep the others silent. */
const ATTENDED_WAIT_MS = 1_000;
/** What only the rows tell of waits a little: the push that names the sender may be on its way. */
const ROWS_WAIT_MS = 1_000;
/** A burst is one sound. */
const SOUND_GAP_MS = 2_000;
const MAX_TOASTS = 3;
const MAX_REMEMBERED = 500;

export interface MessageNotice {
  readonly messageId: string;
  readonly consultationId: string;
  readonly seq: number;
  /** null: not known here. */
  readonly senderName: string | null;
  readonly preview: string | null;
}

export interface NoticesView {
  /** The newest last, one a consultation. */
  readonly toasts: readonly MessageNotice[];
  /** Somebody wrote while this person was away, and the browser was never asked whether it may call them. */
  readonly mayAsk: boolean;
  /** Messages that wait to be read, without those of the conversation that is being looked at. */
  readonly unread: number;
}

/** The list, as far as the notifier needs it. */
export interface NoticeSource {
  readonly getSnapshot: () => { readonly rows: Rows | null };
  readonly subscribe: (listener: () => void) => Cancel;
  readonly refresh: () => Promise<void>;
  onNews(listener: (news: ListNews) => void): Cancel;
}

/**
 * Decides whether a person is called (C6), here, where it is known what they look at. A message is known by its id and
 * dealt with once, whichever of several pushes, rows and tabs tells of it first; what was written before this tab came
 * is no news. Words that were edited or deleted, or read somewhere else, leave what is shown of them (ATK104).
 */
export class Notifier {
  readonly #ports: NoticePorts;
  readonly #source: NoticeSource;
  readonly #viewerId: string;
  readonly #store: Store<NoticesView>;
  readonly #rowsTimer: Timer;
  readonly #soundGap: Timer;
  /** Dealt with or about to be. */
  readonly #known = new Remembered<true>(MAX_REMEMBERED);
  /** Changes of messages not heard of yet; null: deleted. */
  readonly #changed = new Remembered<string | null>(MAX_REMEMBERED);
  readonly #pending = new Map<string, MessageNotice>();
  /** Of those pending: the ones that this tab decides about, for all tabs. */
  readonly #claimed = new Set<string>();
  /** What was written up to here, by consultation, is no news. */
  readonly #floors = new Map<string, number>();
  #rows: Rows | null = null;
  #toasts: readonly MessageNotice[] = [];
  /** Shown by the browser, by consultation; with the words that it shows. */
  readonly #outside = new Map<string, MessageNotice>();
  #missed = false;
  #looking: string | null = null;
  #stops: Cancel[] = [];
  #running = false;
  /** What was under way before a stop belongs to nobody. */
  #generation = 0;

  constructor(ports: NoticePorts, source: NoticeSource, viewerId: string) {
    this.#ports = ports;
    this.#source = source;
    this.#viewerId = viewerId;
    this.#rowsTimer = new Timer(ports.clock);
    this.#soundGap = new Timer(ports.clock);
    this.#store = new Store(() => ({ toasts: this.#toasts, mayAsk: this.#mayAsk(), unread: this.#unread() }));
  }

  get getSnapshot(): () => NoticesView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const { attention, tabs } = this.#ports;
    this.#stops = [
      this.#source.subscribe(() => this.#store.batch(() => this.#onRows())),
      this.#source.onNews((news) => this.#store.batch(() => this.#onNews(news))),
      tabs.onWord((word) => this.#store.batch(() => this.#onWord(word))),
      attention.onChange(() => this.#store.batch(() => this.#onAttention())),
    ];
    this.#store.batch(() => this.#onRows());
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#generation += 1;
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#rowsTimer.clear();
    this.#soundGap.clear();
    this.#pending.clear();
    this.#claimed.clear();
    for (const { messageId } of this.#outside.values()) this.#ports.system.close(messageId);
    this.#outside.clear();
    this.#rows = null;
    this.#floors.clear();
    this.#store.batch(() => {
      this.#toasts = [];
    });
  }

  /** This page shows that consultation, or none any more. */
  readonly lookAt = (consultationId: string | null): void => {
    this.#store.batch(() => {
      this.#looking = consultationId;
      this.#onAttention();
    });
  };

  readonly dismiss = (messageId: string): void => {
    this.#store.batch(() => this.#withdraw((notice) => notice.messageId === messageId));
  };

  /** The person answered, or said not now. */
  readonly asked = (): void => {
    this.#store.batch(() => {
      this.#missed = false;
    });
  };

  #mayAsk(): boolean {
    const { system, attention } = this.#ports;
    return this.#missed && attention.visible() && !system.asked();
  }

  #unread(): number {
    const elsewhere = this.#rows?.filter(({ id }) => !this.#looksHere(id)) ?? [];
    return elsewhere.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  }

  #onAttention(): void {
    const { tabs } = this.#ports;
    const consultationId = this.#looking;
    if (!this.#running || consultationId === null || !this.#looksHere(consultationId)) return;
    tabs.tell({ kind: "seen", consultationId });
    this.#withdraw((notice) => notice.consultationId === consultationId);
  }

  #onNews(news: ListNews): void {
    if (news.kind === "message") this.#hear(noticeOf(news.notification));
    else this.#onChange(news.change.messageId, news.change.preview);
  }

  #onWord(word: TabWord): void {
    if (word.kind === "seen") {
      this.#withdraw(({ consultationId }) => consultationId === word.consultationId);
      return;
    }
    this.#known.set(word.messageId, true);
    // Where there are no locks two tabs may decide: better both than neither.
    if (!this.#claimed.has(word.messageId)) this.#pending.delete(word.messageId);
    this.#raiseFloor(word.consultationId, word.seq);
    this.#withdraw(({ consultationId, seq }) => consultationId === word.consultationId && seq < word.seq);
  }

  // ── What is news ──────────────────────────────────────────────────────────────────────────────────────────────────

  #hear(notice: MessageNotice): void {
    const { messageId, consultationId, seq } = notice;
    if (this.#known.has(messageId)) return;
    this.#known.set(messageId, true);
    const row = this.#row(consultationId);
    if (seq <= Math.max(this.#floors.get(consultationId) ?? 0, row?.readUpToSeq ?? 0)) return;
    const changed = this.#changed.get(messageId);
    if (changed === null) return;
    this.#pending.set(messageId, changed === undefined ? notice : { ...notice, preview: changed });
    void this.#decide(messageId);
  }

  #onRows(): void {
    const { rows } = this.#source.getSnapshot();
    if (rows === null || rows === this.#rows) return;
    const first = this.#rows === null;
    const heads = new Map(this.#rows?.map(({ id, headSeq }) => [id, headSeq]));
    this.#rows = rows;
    for (const { id, headSeq } of rows) {
      const floor = this.#floors.get(id) ?? (first ? headSeq : 0);
      // A head that went back is a restored database: its numbers begin again below ours.
      const restored = headSeq < (heads.get(id) ?? 0);
      this.#floors.set(id, restored ? Math.min(floor, headSeq) : floor);
    }
    this.#withdraw((notice) => this.#isOver(notice));
    for (const [messageId, notice] of this.#pending) if (this.#isOver(notice)) this.#pending.delete(messageId);
    this.#takeWordsOf(rows);
    if (rows.some((row) => this.#isUnheard(row))) this.#rowsTimer.armOnce(ROWS_WAIT_MS, () => this.#hearRows());
  }

  /** A push may be lost and a polling client hears none: the rows tell of the last message of each consultation. */
  #hearRows(): void {
    this.#store.batch(() => {
      for (const row of this.#rows ?? []) {
        if (this.#isUnheard(row) && row.lastMessage) this.#hear(noticeOfRow(row, row.lastMessage));
      }
    });
  }

  #isUnheard({ id, lastMessage, unreadCount, readUpToSeq }: ConsultationRow): boolean {
    return (
      lastMessage !== null &&
      unreadCount > 0 &&
      lastMessage.senderId !== this.#viewerId &&
      lastMessage.seq > Math.max(readUpToSeq, this.#floors.get(id) ?? 0) &&
      !this.#known.has(lastMessage.id)
    );
  }

  #raiseFloor(consultationId: string, seq: number): void {
    this.#floors.set(consultationId, Math.max(seq, this.#floors.get(consultationId) ?? 0));
  }

  // ── Who tells whom ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whatever is asked on the way, the notice is looked up again afterwards: it may have been withdrawn meanwhile. */
  async #decide(messageId: string): Promise<void> {
    const generation = this.#generation;
    const { tabs, preferences } = this.#ports;
    const waiting = () => (generation === this.#generation ? this.#pending.get(messageId) : undefined);

    await this.#wait(waiting);
    if (!waiting()) return;
    const claimed = await tabs.claim(messageId);
    const notice = waiting();
    if (!notice) return;
    if (!claimed) {
      this.#pending.delete(messageId);
      return;
    }
    const { consultationId, seq } = notice;
    this.#claimed.add(messageId);
    this.#raiseFloor(consultationId, seq);
    tabs.tell({ kind: "decided", consultationId, messageId, seq });
    const looking = await tabs.isLooking(consultationId);
    const wishes = await preferences();
    if (!looking && notice.preview === null) await this.#source.refresh();
    this.#store.batch(() => {
      const current = waiting();
      this.#pending.delete(messageId);
      this.#claimed.delete(messageId);
      if (current && !looking && !this.#looksHere(consultationId)) this.#show(current, wishes);
    });
  }

  async #wait(waiting: () => unknown): Promise<void> {
    const { attention, clock, tabs } = this.#ports;
    const pass = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    if (attention.focused()) return;
    await pass(attention.visible() ? VISIBLE_WAIT_MS : HIDDEN_WAIT_MS);
    if (waiting() && !attention.focused() && (await tabs.isAttended())) await pass(ATTENDED_WAIT_MS);
  }

  #looksHere(consultationId: string): boolean {
    return this.#looking === consultationId && this.#ports.attention.focused();
  }

  #show(notice: MessageNotice, wishes: Preferences): void {
    const known = this.#described(notice);
    if (this.#ports.attention.visible()) {
      if (wishes.toasts) this.#toast(known);
    } else {
      const shown = wishes.browserNotifications && this.#showOutside(known, wishes);
      this.#missed ||= !shown && this.#couldBeAsked(wishes);
      if (shown) return;
    }
    if (wishes.sound) this.#sound();
  }

  #toast(notice: MessageNotice): void {
    if (this.#toasts.some(({ consultationId, seq }) => consultationId === notice.consultationId && seq > notice.seq))
      return;
    const others = this.#toasts.filter(({ consultationId }) => consultationId !== notice.consultationId);
    this.#toasts = [...others, notice].slice(-MAX_TOASTS);
  }

  #showOutside(notice: MessageNotice, { previewInNotifications, sound }: Preferences): boolean {
    const { system } = this.#ports;
    if (system.permission() !== "granted") return false;
    const { messageId, consultationId, senderName, preview } = notice;
    const before = this.#outside.get(consultationId);
    if (before && before.messageId !== messageId) system.close(before.messageId);
    const audible = sound && this.#ports.sound.allowed();
    const words = previewInNotifications ? { senderName, preview } : null;
    // Where this page may not be heard the browser's own sound stands in.
    const shown = system.show({ messageId, consultationId, words, silent: !sound || audible });
    if (shown) this.#outside.set(consultationId, { ...notice, senderName: null, preview: words?.preview ?? null });
    else this.#outside.delete(consultationId);
    if (shown && audible) this.#sound();
    return shown;
  }

  /** Asking makes sense where the answer is open, or was given to somebody else who uses this browser. */
  #couldBeAsked({ browserNotifications }: Preferences): boolean {
    const permission = this.#ports.system.permission();
    return permission === "default" || (permission === "granted" && !browserNotifications);
  }

  #sound(): void {
    if (this.#soundGap.armed) return;
    this.#soundGap.arm(SOUND_GAP_MS, () => {});
    this.#ports.sound.play();
  }

  // ── What becomes of it ────────────────────────────────────────────────────────────────────────────────────────────

  /** `preview` null: deleted. undefined: no words may be pushed, so the old ones go and the list is asked. */
  #onChange(messageId: string, preview: string | null | undefined): void {
    if (preview === null) {
      this.#changed.set(messageId, null);
      this.#pending.delete(messageId);
      this.#withdraw((notice) => notice.messageId === messageId);
      return;
    }
    if (preview !== undefined) {
      this.#changed.set(messageId, preview);
      this.#reword(messageId, preview);
      return;
    }
    this.#reword(messageId, null);
    void this.#source.refresh();
  }

  /** Rows show the words as they are now. */
  #takeWordsOf(rows: Rows): void {
    for (const { lastMessage } of rows) if (lastMessage) this.#reword(lastMessage.id, lastMessage.preview);
  }

  #reword(messageId: string, preview: string | null): void {
    const pending = this.#pending.get(messageId);
    if (pending) this.#pending.set(messageId, { ...pending, preview });
    if (this.#toasts.some((toast) => toast.messageId === messageId && toast.preview !== preview)) {
      this.#toasts = this.#toasts.map((toast) => (toast.messageId === messageId ? { ...toast, preview } : toast));
    }
    for (const [consultationId, notice] of this.#outside) {
      if (notice.messageId !== messageId || notice.preview === null) continue;
      if (notice.preview !== preview) this.#takeBack(consultationId, notice);
    }
  }

  /** The browser's notices cannot be corrected without calling again; what may hold old words is taken away. */
  #takeBack(consultationId: string, { messageId }: MessageNotice): void {
    this.#ports.system.close(messageId);
    this.#outside.delete(consultationId);
  }

  /**
   * Read, deleted, no longer mine to see, or not the last one any more, as far as a row can tell that is as new as the
   * notice. What is not the last calls by itself, or was mine; of the earlier one no row could tell that its words are
   * old, had that push been lost (ATK104).
   */
  #isOver({ consultationId, seq }: MessageNotice): boolean {
    const row = this.#row(consultationId);
    if (!row) return this.#rows !== null && this.#floors.has(consultationId);
    if (row.readUpToSeq >= seq) return true;
    return row.headSeq >= seq && row.lastMessage?.seq !== seq;
  }

  #withdraw(isGone: (notice: MessageNotice) => boolean): void {
    if (this.#toasts.some(isGone)) this.#toasts = this.#toasts.filter((notice) => !isGone(notice));
    for (const [consultationId, notice] of this.#outside) if (isGone(notice)) this.#takeBack(consultationId, notice);
  }

  #described(notice: MessageNotice): MessageNotice {
    const row = this.#row(notice.consultationId);
    if (row?.lastMessage?.id !== notice.messageId) return notice;
    const { senderName, preview } = noticeOfRow(row, row.lastMessage);
    return { ...notice, senderName: notice.senderName ?? senderName, preview: notice.preview ?? preview };
  }

  #row(consultationId: string): ConsultationRow | undefined {
    return this.#rows?.find(({ id }) => id === consultationId);
  }
}

function noticeOf({ messageId, consultationId, seq, senderName, preview }: MessageNotification): MessageNotice {
  return { messageId, consultationId, seq, senderName: senderName ?? null, preview: preview ?? null };
}

function noticeOfRow(row: ConsultationRow, last: NonNullable<ConsultationRow["lastMessage"]>): MessageNotice {
  return {
    messageId: last.id,
    consultationId: row.id,
    seq: last.seq,
    senderName: last.senderName ?? (row.counterpart.id === last.senderId ? row.counterpart.name : null),
    preview: last.preview,
  };
}

/** The newest so many; what is older has long ceased to come. */
class Remembered<Value> {
  readonly #values = new Map<string, Value>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
  }
}
