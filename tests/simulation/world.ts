import { isDeepStrictEqual } from "node:util";
import type { TimelineItem } from "@/lib/core/timeline";
import type { CommandAnswer, Receipt } from "@/lib/protocol/commands";
import type { ErrorCode } from "@/lib/protocol/errors";
import type { Event, EventType, PositionPush } from "@/lib/protocol/event";
import { excerptOf, previewOf } from "@/lib/protocol/excerpt";
import type { ConsultationRow, Snapshot } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import type { ApiResult, StoredCommand } from "@/lib/sync/ports";
import { messagesOf, normalFormOfItems, participantsOf } from "@/tests/support/sim/normal-form";
import { ANNA, type Backup, IBRAHIM, ServerModel, WEBER, WORLD_BEGAN } from "@/tests/support/sim/server-model";
import { microtasksSettled, VirtualClock } from "@/tests/support/sim/virtual-clock";
import { AppServer } from "./app-server";
import { BrowserNotices } from "./browser-notices";
import { BrowserStorage } from "./browser-storage";
import { Faults } from "./faults";
import { describeOperation } from "./operation-words";
import type { Operation, Plan } from "./plan";
import { Provider, type Push } from "./provider";
import { streamOf } from "./random";
import { type Browser, type Surroundings, Tab } from "./tab";

const BEN: User = { id: "e0000000-0000-4000-8000-000000000005", role: "PATIENT", name: "Ben", image: null };
const OKAFOR: User = {
  id: "f0000000-0000-4000-8000-000000000006",
  role: "PRACTITIONER",
  name: "Dr. Okafor",
  image: null,
};
const STRANGER: User = {
  id: "f0000000-0000-4000-8000-000000000007",
  role: "PRACTITIONER",
  name: "Dr. Novak",
  image: null,
};
/** Who may sit in front of browsers. */
const PEOPLE: readonly User[] = [ANNA, WEBER, IBRAHIM, BEN];
/** And a colleague, whose devices are not simulated. */
const EVERYBODY: readonly User[] = [...PEOPLE, OKAFOR];
const EDIT_WINDOW_MS = 60_000;
const EMOJI = ["👍", "❤️", "👩‍⚕️", "🙏"] as const;
const SERVERS = 2;
const DAY_MS = 24 * 3_600_000;
/** Word between the tabs of one browser takes two seconds at most. */
const NEWS_TRAVELS_MS = 2_500;
/** So many of the newest messages are corrected, answered and reacted to. */
const NEAR = 12;
/** RCV1: 400 ms of patience, the journey, the next page. */
const GAP_CLOSED_MS = 1_200;
/** Longer than any pause that trouble leaves behind. */
const UNTROUBLED_MS = 32_000;
/** CON2: three seconds of patience, then a poll every three with jitter. */
const POLLING_AFTER_MS = 8_000;
const POLLED_MS = 4_500;
/** A head check at the latest tells that pushes are delayed. */
const TOLD_AFTER_MS = 32_000;
const CHECKED_MS = 29_000;
/** UI4: their sockets are ended, their screens are empty. */
const REMOVED_WITHIN_MS = 5_000;

export interface Violation {
  readonly rule: string;
  readonly message: string;
  readonly at: number;
}

/** A command that left its composer, and with it perhaps words. */
interface Words {
  readonly id: string;
  readonly command: StoredCommand;
  readonly author: User;
  readonly tab: Tab;
  readonly storage: BrowserStorage;
  /** The serial under which the browser keeps it. */
  readonly order: number;
}

/** What the server said it did. */
interface Acknowledged {
  readonly id: string;
  readonly type: EventType;
  readonly messageId: string;
  readonly seq: number;
}

interface TabPlace {
  readonly browser: Browser;
  current: Tab | null;
  loads: number;
}

type Window = Extract<Operation, { kind: "window" }>;

/** Servers, provider, browsers and people of one plan, and everything that must hold of them at any moment. */
export class World implements Surroundings {
  readonly clock = new VirtualClock({ settled: microtasksSettled });
  readonly faults = new Faults();
  readonly model: ServerModel;
  readonly provider: Provider;
  readonly servers: readonly AppServer[];
  readonly browsers: readonly Browser[];
  readonly places: readonly TabPlace[] = [];
  readonly violations: Violation[] = [];
  readonly plan: Plan;
  readonly trace: string[] | null;
  calm = false;
  /** Positions that moved without a push that says so: when. */
  readonly untoldPositions = new Map<string, number>();
  readonly #people: readonly User[];
  readonly #random;
  readonly #words = new Map<string, Words>();
  readonly #acknowledged = new Set<string>();
  readonly #acknowledgedChanges: Acknowledged[] = [];
  /** Corrections and reactions that the database took, and up to which `rev` a message shows them. */
  readonly #takenChanges = new Map<string, number>();
  readonly #lastTaken = new Map<BrowserStorage, Map<string, number>>();
  /** Furthest number that any screen of a person showed, and that they looked at. */
  readonly #shownTo = new Map<string, number>();
  readonly #seenBy = new Map<string, number>();
  readonly #nothingToDelete = new Set<string>();
  readonly #callers = new Map<BrowserNotices, Map<string, Tab>>();
  #fresh: { version: number; snapshot: Snapshot } | null = null;
  readonly #givenUp = new Set<string>();
  /** Only what a person gave up: it must not leave any more once every tab has heard of it. */
  readonly #givenUpAt = new Map<string, number>();
  readonly #connectedAt = new Map<Tab, number>();
  #restoredAt = Number.NEGATIVE_INFINITY;
  readonly #restoredAway = new Set<string>();
  /** What was published at least once, of the present epoch. */
  #takenEpoch = "";
  #takenUpTo = 0;
  #histories: (readonly string[])[] = [];
  #backups: Backup[] = [];
  #ids = 0;
  #unsettled = new Set<string>();
  #listensFrom = 0;
  /** What would still have happened: the end of all faults forestalls it. */
  readonly #laters = new Set<() => void>();

  constructor(plan: Plan, trace: string[] | null = null) {
    this.plan = plan;
    this.trace = trace;
    this.#random = streamOf(plan.seed, "world");
    this.#people = PEOPLE.slice(0, plan.people);
    this.model = new ServerModel({ now: () => WORLD_BEGAN + this.clock.now, editWindowMs: EDIT_WINDOW_MS });
    this.model.members = [...this.#people];
    this.model.isRelayAlive = (owner) => this.servers.some((server) => server.owner === owner && this.#hears(server));
    // What is not written through a server is for any relay to claim.
    this.model.onCommit = ({ consultationId }, { unheld }) => this.#notify(null, consultationId, unheld);
    this.#histories = [this.model.order];
    this.provider = new Provider(this.clock, streamOf(plan.seed, "provider"), this.faults);
    this.provider.onTaken = (pushes) => {
      for (const { data } of pushes) this.#onTaken(data as Partial<Event> & Partial<PositionPush>);
    };
    this.servers = Array.from({ length: SERVERS }, (_, index) => {
      return new AppServer({
        index,
        clock: this.clock,
        random: streamOf(plan.seed, `server ${index}`),
        faults: this.faults,
        model: this.model,
        provider: this.provider,
        watch: {
          onAdvance: (seq) => this.#onAdvance(seq),
          onNotify: (from, consultationId, unheld) => this.#notify(from, consultationId, unheld),
        },
      });
    });
    this.browsers = plan.browsers.map(({ person }, index): Browser => {
      const user = this.#person(person);
      return { index, person: user, storage: this.#storageOf(index, 0), notices: this.#noticesOf(index, 0) };
    });
    this.places = plan.browsers.flatMap(({ tabs }, index) => {
      const browser = this.browsers[index];
      if (!browser) throw new Error("Each browser of the plan is there");
      return Array.from({ length: tabs }, (): TabPlace => ({ browser, current: null, loads: 0 }));
    });
  }

  get tabs(): Tab[] {
    return this.places.flatMap(({ current }) => (current ? [current] : []));
  }

  /** Words of before, servers up, every page opened. */
  begin(): void {
    for (let index = 0; index < this.plan.history; index += 1) {
      const author = this.#person(index % this.#people.length);
      const id = this.nextMessageId();
      this.model.send(author, {
        id,
        consultationId: "",
        content: `history ${index}`,
        replyToId: null,
        attachmentIds: [],
      });
    }
    const { cursor } = this.model;
    cursor.publishedSeq = this.model.headSeq;
    cursor.dirty = false;
    this.#takenEpoch = this.model.epoch;
    this.#takenUpTo = this.model.headSeq;
    for (const server of this.servers) server.start();
    this.watchLag();
    for (const [index] of this.places.entries()) {
      this.clock.after(this.#random.below(1_500), () => this.#openTab(index));
    }
    for (const operation of this.plan.operations) {
      this.clock.after(operation.at, () => this.#perform(operation));
    }
  }

  /** Every fault is over: the network flows, servers run, everybody is back, signed in and looking. */
  endFaults(): void {
    this.calm = true;
    for (const cancel of this.#laters) cancel();
    this.note("all faults end");
    if (this.faults.on("database-down")) this.#listenAgain();
    const signedOut = this.browsers.filter(({ index }) => this.faults.on("session-ended", index));
    this.faults.endAll();
    for (const server of this.servers) server.save();
    for (const [index, { current }] of this.places.entries()) {
      // A tab that stood behind a sign-out in another one has no session any more: its person comes to it and begins anew.
      if (current && current.storage !== current.browser.storage) this.#closeTab(index);
      if (!current?.alive()) {
        this.#openTab(index);
        continue;
      }
      current.breakHanging();
      current.socket.resumeLink();
      current.setOnline(true);
      current.setVisible(true);
      current.thaw();
      // Who was taken in again opens it again.
      if (current.engine.getSnapshot().failure === "not-found") current.leaveRoom();
      current.enterRoom();
    }
    for (const { index } of signedOut) this.#signInAgain(index);
  }

  // ── Judging a whole screen ────────────────────────────────────────────────────────────────────────────────────────

  /** What still differs between this screen and a fresh fetch; null: nothing. */
  difference(tab: Tab): string | null {
    const view = tab.engine.getSnapshot();
    const { model } = this;
    if (!model.isMember(tab.viewer)) return this.#showsContent(tab) ? "shows what its person was removed from" : null;
    if (!view.consultation) return "shows nothing yet";
    const oldest = view.items[0]?.message?.seq;
    const newest = view.items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
    const lastId = model.order.at(-1);
    if (lastId !== undefined && newest !== model.message(lastId).seq) {
      return `its last message is ${newest}, the log's ${model.message(lastId).seq}`;
    }
    const fresh = this.#freshSnapshot();
    const from = oldest ?? model.headSeq + 1;
    if (!isDeepStrictEqual(normalFormOfItems(view.items, from), messagesOf(fresh.messages, from)))
      return "other messages";
    if (!isDeepStrictEqual(participantsOf(view.participants), participantsOf(fresh.participants)))
      return "other positions";
    if (!isDeepStrictEqual(view.consultation, fresh.consultation)) return "another state of the consultation";
    if (view.hasMore !== from > (fresh.messages[0]?.seq ?? from)) return "wrong about older messages";
    if (view.failure !== null) return `failure ${view.failure}`;
    // ATK104: what waits to be sent quotes others in their words of now.
    for (const { key, pending } of view.items) {
      const excerpt = pending?.replyTo?.excerpt ?? null;
      const quoted = pending?.replyTo && model.messages.get(pending.replyTo.id);
      if (excerpt !== null && quoted && excerpt !== excerptOf(quoted.content)) return `${key} waits with an old quote`;
    }
    return null;
  }

  /** As `difference`, of the list: previews, unread counts, what is no longer this person's. */
  differenceOfList({ list, viewer }: Tab): string | null {
    const { rows } = list.getSnapshot();
    return isDeepStrictEqual(rows, this.model.listFor(viewer)) ? null : "a row differs from a fresh list";
  }

  /** Of whatever others wrote: own unsent words are their author's. */
  #showsContent(tab: Tab): boolean {
    const { consultation, participants, items } = tab.engine.getSnapshot();
    const quotes = items.some(({ pending }) => pending?.replyTo && pending.replyTo.excerpt !== null);
    return consultation !== null || participants.length > 0 || quotes || items.some(({ message }) => message !== null);
  }

  #freshSnapshot(): Snapshot {
    const { version } = this.model;
    if (this.#fresh?.version !== version) {
      this.#fresh = { version, snapshot: this.model.readSnapshot(Number.MAX_SAFE_INTEGER) };
    }
    return this.#fresh.snapshot;
  }

  /** Own commands of this tab's browser that are still on their way. */
  unsent(tab: Tab): string[] {
    const { items } = tab.engine.getSnapshot();
    const shown = items.flatMap(({ key, pending, change }) => {
      if (pending && pending.state !== "parked") return [key];
      return change && change.state !== "parked" ? [change.commandId] : [];
    });
    return [...new Set([...shown, ...waitingIn(tab)])];
  }

  /** I1, I2, I3, I5, I6 of the whole history, at its end. */
  judgeHistory(): void {
    const { log, order } = this.model;
    if (new Set(order).size !== order.length) this.violate("I2", "an id has two rows");
    for (const [index, { seq }] of log.entries())
      if (seq !== index + 1) this.violate("I3", `number ${seq} stands at ${index}`);
    for (const id of this.#acknowledged) {
      if (!this.model.messages.has(id) && !this.#restoredAway.has(id)) {
        this.violate("I1", `${id} was acknowledged and is not in the log`);
      }
    }
    const completed = log.findIndex(
      (entry) => entry.type === "consultation-status-changed" && entry.status === "COMPLETED",
    );
    if (completed !== -1 && completed !== log.length - 1)
      this.violate("I6", `${log.length - completed - 1} entries follow the completion`);
    this.#judgeOwnOrder();
    for (const { id, type, messageId, seq } of this.#acknowledgedChanges) {
      const entry = log[seq - 1];
      if (entry?.type !== type || entry.messageId !== messageId) {
        this.violate("I1", `${id} was acknowledged as ${type} ${seq}, which is ${entry?.type} in the log`);
      }
      if (type === "message-deleted" && this.model.messages.get(messageId)?.content !== null) {
        this.violate("I1", `${messageId} was deleted and has words`);
      }
    }
    for (const id of this.#nothingToDelete) {
      const words = this.#words.get(id);
      const message = words && this.model.messages.get(aboutWhich(words.command));
      if (message && message.deletedAt === null && !this.#givenUp.has(id))
        this.violate("I5", `${message.id} was taken back by ${id} before it was there, and is there now`);
    }
    for (const tab of this.tabs) {
      // Who was removed is not even told that their repeat is one.
      if (!this.model.isMember(tab.viewer)) continue;
      for (const { key, pending, change, message } of tab.engine.getSnapshot().items) {
        if (pending?.state === "parked" && this.model.messages.has(key)) {
          this.violate("I5", `${tab.name}: ${key} is saved and shown as failed`);
        }
        if (change?.state === "parked" && change.kind === "edit" && change.content === message?.content) {
          this.violate("I5", `${tab.name}: the edit ${change.commandId} is saved and shown as failed`);
        }
      }
    }
    for (const [id, words] of this.#words) {
      const message = this.model.messages.get(id);
      if (message && message.sender?.id !== words.author.id) this.violate("I5", `${id} was sent as somebody else`);
    }
  }

  /** I3: words of one disk stand in the log in the order in which they were written. */
  #judgeOwnOrder(): void {
    const lastOf = new Map<BrowserStorage, Words>();
    for (const id of this.model.order) {
      const words = this.#words.get(id);
      if (!words || words.tab.engine.getSnapshot().durable === false) continue;
      const last = lastOf.get(words.storage);
      if (last && last.order > words.order)
        this.violate("I3", `${id} was written before ${last.id} and stands after it`);
      lastOf.set(words.storage, words);
    }
  }

  /** At least once: everything of the present history has been pushed. */
  unpublished(): number {
    return this.model.headSeq - (this.#takenEpoch === this.model.epoch ? this.#takenUpTo : 0);
  }

  /** The provider is all that kept events from being published: the relays find out within a probe. */
  publishesAgainAtOnce(): boolean {
    const others: readonly string[] = ["crash-server", "restore"];
    return (
      this.faults.restMode() !== null &&
      this.faults.restMode() !== "401" &&
      !this.plan.operations.some(
        (one) => others.includes(one.kind) || (one.kind === "window" && one.fault.startsWith("database")),
      )
    );
  }

  // ── Watching ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Kept only when somebody wants to read along. */
  note(text: string): void {
    this.trace?.push(`${String(Math.round(this.clock.now)).padStart(8)}  ${text}`);
  }

  violate(rule: string, message: string): void {
    this.violations.push({ rule, message, at: this.clock.now });
  }

  histories(): readonly (readonly string[])[] {
    this.#histories[this.#histories.length - 1] = this.model.order;
    return this.#histories;
  }

  wasSaved(id: string): boolean {
    const { model } = this;
    if (model.messages.has(id) || this.#restoredAway.has(id)) return true;
    if (this.#takenChanges.has(id) || this.#nothingToDelete.has(id)) return true;
    // Deleted, from another device of the same person.
    const command = this.#words.get(id)?.command;
    return command?.kind === "delete" && model.messages.get(command.messageId)?.content === null;
  }

  revOfChange(id: string): number | null {
    return this.#takenChanges.get(id) ?? null;
  }

  onShown(tab: Tab, seq: number): void {
    const { id } = tab.viewer;
    this.#shownTo.set(id, Math.max(this.#shownTo.get(id) ?? 0, seq));
  }

  /** The person looks at everything up to here. */
  onSeen(tab: Tab, seq: number): void {
    const { id } = tab.viewer;
    this.#seenBy.set(id, Math.max(this.#seenBy.get(id) ?? 0, seq));
  }

  /** C4: nobody has received what no screen of theirs has shown, nor read what they did not look at. */
  onReceipt(tab: Tab, { deliveredUpToSeq = 0, readUpToSeq = 0 }: Receipt): void {
    // Numbers of an older history mean something else.
    if (this.#histories.length > 1) return;
    const { id } = tab.viewer;
    const shown = this.#shownTo.get(id) ?? 0;
    const seen = this.#seenBy.get(id) ?? 0;
    if (deliveredUpToSeq > shown) this.violate("C4", `${tab.name} received ${deliveredUpToSeq}, shown was ${shown}`);
    if (readUpToSeq > seen) this.violate("C4", `${tab.name} read ${readUpToSeq}, seen was ${seen}`);
  }

  /** C6, ID1: one notice for one message in one browser, and none of one's own. */
  onCall(tab: Tab, messageId: string): void {
    this.note(`${tab.name} calls because of ${messageId}`);
    if (this.model.messages.get(messageId)?.sender?.id === tab.viewer.id)
      this.violate("C6", `${tab.name} calls because of its own ${messageId}`);
    const callers = this.#callers.get(tab.notices) ?? new Map<string, Tab>();
    this.#callers.set(tab.notices, callers);
    const before = callers.get(messageId);
    // What died with its page called nobody any more.
    if (before?.alive() && this.#histories.length === 1)
      this.violate("C6", `${tab.name} calls because of ${messageId} as ${before.name} did`);
    callers.set(messageId, tab);
  }

  /** ATK104, C6: what still calls is unread, and in the words of now. */
  differenceOfNotices(tab: Tab): string | null {
    const row = this.model.rowFor(tab.viewer);
    const outside = tab.notices.outside.map(({ messageId, words }) => ({
      messageId,
      preview: words?.preview ?? null,
    }));
    for (const { messageId, preview } of [...tab.notifier.getSnapshot().toasts, ...outside]) {
      const message = this.model.messages.get(messageId);
      // Of another history it may tell what never happened.
      if (this.#histories.length > 1) continue;
      if (!message || !row) return `a notice of ${messageId}, which is not there`;
      if (message.content === null) return `a notice of ${messageId}, which was deleted`;
      if (preview !== null && preview !== previewOf(message.content)) return `a notice of ${messageId} in old words`;
      if (message.seq <= row.readUpToSeq) return `a notice of ${messageId}, which was read`;
    }
    return null;
  }

  /** I7, F28: from the removing transaction on nothing but hints comes to who was removed. */
  onHeard(tab: Tab, { name, data }: Push): void {
    const { seq, epoch, ...rest } = data as Partial<Event> & { consultation?: ConsultationRow };
    const row = this.#histories.length === 1 ? rest.consultation : undefined;
    if (row && !this.#tookPartAt(tab.viewer, row.headSeq)) {
      this.violate("I7", `${tab.name} was pushed a row of what its person was removed from`);
    }
    if (seq === undefined || epoch !== this.model.epoch || rest.data === undefined) return;
    if (!this.#tookPartAt(tab.viewer, seq)) this.violate("I7", `${tab.name} was pushed the words of ${name} ${seq}`);
  }

  /** Whether this person took part when that event was written. */
  #tookPartAt(person: User, seq: number): boolean {
    const last = this.model.log.findLast(
      (entry) =>
        (entry.type === "user-left" || entry.type === "user-joined") && entry.user.id === person.id && entry.seq <= seq,
    );
    return last ? last.type === "user-joined" : this.#people.includes(person);
  }

  wasGivenUp(id: string): boolean {
    return this.#givenUp.has(id);
  }

  nextMessageId(): string {
    this.#ids += 1;
    return `01900000-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
  }

  get messageCount(): number {
    return this.#words.size;
  }

  onAccepted(tab: Tab, command: StoredCommand): void {
    const { storage } = tab;
    const { id, serial } = command;
    this.#words.set(id, { id, command, author: tab.viewer, tab, storage, order: serial });
    this.#unsettled.add(id);
    this.#judgeWords();
  }

  onTakenBack({ storage }: Tab, messageId: string): void {
    for (const words of this.#words.values()) {
      if (words.storage === storage && aboutWhich(words.command) === messageId) this.#givenUp.add(words.id);
    }
  }

  /** SND2, SND4, SND5: who may send what, at the moment at which it leaves. */
  onSending(tab: Tab, id: string): void {
    const { storage } = tab;
    const other = this.tabs.find((one) => one !== tab && one.storage === storage && one.sending !== null);
    if (other) this.violate("SND2", `${tab.name} sends ${id} while ${other.name} has ${other.sending} on its way`);
    const givenUpAt = this.#givenUpAt.get(id);
    if (givenUpAt !== undefined && this.clock.now > givenUpAt + NEWS_TRAVELS_MS) {
      this.violate("SND5", `${tab.name} sends ${id}, which was given up at ${givenUpAt}`);
    }
    const stored = storage.commands.get(id);
    if (!stored) return;
    const held = [...storage.commands.values()].find(
      ({ kind, serial, parked }) => kind === "send" && parked !== null && serial < stored.serial,
    );
    // Changes of messages hold up nobody, and nobody but their message holds up them.
    if (held && stored.kind === "send")
      this.violate("SND4", `${tab.name} sends ${id} past ${held.id}, which is parked (${held.parked})`);
    const age = stored.queuedAt === null ? 0 : WORLD_BEGAN + this.clock.now - Date.parse(stored.queuedAt);
    // What becomes of an old change the server's window decides.
    if (stored.kind === "send" && age > DAY_MS + 60_000)
      this.violate("SND5", `${tab.name} sends ${id}, written ${Math.round(age / 3_600_000)} hours ago`);
  }

  /** RCV1: what was pushed is on the screen a gap's hold and a journey later, where nothing else is wrong. */
  onDelivered(tab: Tab, seq: number): void {
    const { epoch } = this.model;
    this.#later(GAP_CLOSED_MS, () => {
      if (!this.#isUntroubled(tab) || epoch !== this.model.epoch) return;
      if (!this.model.isMember(tab.viewer)) {
        if (this.#showsContent(tab)) this.violate("UI4", `${tab.name} was told of ${seq} and still shows content`);
        return;
      }
      const missing = this.#missing(tab, seq);
      if (missing !== null)
        this.violate("RCV1", `${tab.name} was pushed ${seq} ${GAP_CLOSED_MS} ms ago and lacks ${missing}`);
    });
  }

  /** CON2: while words come over HTTP only, a screen is one poll behind and no more. */
  watchLag(): void {
    this.#later(1_000, () => {
      this.watchLag();
      for (const tab of this.tabs) {
        if (tab.socket.state() === "connected") this.#connectedAt.set(tab, this.clock.now);
        if (!this.#isUntroubled(tab)) continue;
        const apart = this.clock.now - (this.#connectedAt.get(tab) ?? 0) > POLLING_AFTER_MS;
        const told = this.faults.restDownSince !== null && this.clock.now - this.faults.restDownSince > TOLD_AFTER_MS;
        const before = WORLD_BEGAN + this.clock.now - (apart || told ? POLLED_MS : CHECKED_MS);
        const settled = this.model.log.findLastIndex(({ at }) => Date.parse(at) < before) + 1;
        const outside = !this.model.isMember(tab.viewer);
        if (outside && !this.#tookPartAt(tab.viewer, settled) && this.#showsContent(tab)) {
          this.violate("UI4", `${tab.name} still shows content of what its person was removed from`);
        }
        const missing = outside ? null : this.#missing(tab, settled);
        if (missing !== null)
          this.violate(
            "CON2",
            `${tab.name} lacks ${missing} for more than ${apart || told ? POLLED_MS : CHECKED_MS} ms`,
          );
      }
    });
  }

  /** Seen, awake, signed in, and every call of the last while was answered well and at once. */
  #isUntroubled(tab: Tab): boolean {
    return (
      tab.alive() &&
      tab.inRoom &&
      !tab.frozen &&
      tab.visible &&
      tab.online &&
      tab.isServedWell(UNTROUBLED_MS) &&
      this.#restoredAt + UNTROUBLED_MS < this.clock.now
    );
  }

  /** The last message up to this number, unless the screen has it. */
  #missing(tab: Tab, upTo: number): number | null {
    const { items } = tab.engine.getSnapshot();
    const newest = items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
    const id = this.model.order.findLast((one) => this.model.message(one).seq <= upTo);
    const seq = id === undefined ? 0 : this.model.message(id).seq;
    return seq > newest ? seq : null;
  }

  /** The database took it. `appended`: by writing to the log, and not because it was so already. */
  onCommitted(tab: Tab, command: StoredCommand, appended: boolean): void {
    const { id, serial } = command;
    this.#unsettled.delete(id);
    if (command.kind !== "send") {
      this.#takenChanges.set(id, this.model.messages.get(command.messageId)?.rev ?? 0);
    }
    const words = this.#words.get(id);
    if (words && words.author !== tab.viewer) this.violate("SND5", `${id} was sent by ${tab.name}`);
    if (!appended || !tab.storage.commands.has(id)) return;
    // I3: messages in the order in which they were written, changes of one message in that in which they were made.
    const ofDisk = this.#lastTaken.get(tab.storage) ?? new Map<string, number>();
    this.#lastTaken.set(tab.storage, ofDisk);
    const about = command.kind === "send" ? "messages" : command.messageId;
    const last = ofDisk.get(about) ?? 0;
    if (serial < last) this.violate("I3", `${id}, given as ${serial}, was done after ${last}`);
    ofDisk.set(about, Math.max(last, serial));
  }

  onAcknowledged(_tab: Tab, { id, kind }: StoredCommand, { event }: CommandAnswer): void {
    if (!this.wasSaved(id)) this.violate("I1", `${id} was acknowledged without a row`);
    if (kind === "send") this.#acknowledged.add(id);
    else if (event && event.epoch === this.model.epoch) {
      const messageId = "message" in event.data ? event.data.message.id : event.data.messageId;
      this.#acknowledgedChanges.push({ id, type: event.type, messageId, seq: event.seq });
    }
  }

  /**
   * The server will never do it. A reaction is not worth asking its person about, and where there is no message there
   * is nothing to delete.
   */
  onRefused(tab: Tab, { id, kind }: StoredCommand, code: ErrorCode | null): void {
    if (kind === "react" || !this.model.isMember(tab.viewer)) this.#givenUp.add(id);
    else if (kind === "delete" && code === "not-found") this.#nothingToDelete.add(id);
  }

  /** I5: accepted words are in the log, on the disk, on a screen, or were given up by a person. */
  #judgeWords(): void {
    for (const id of this.#unsettled) {
      const words = this.#words.get(id);
      if (!words || this.wasSaved(id) || this.#givenUp.has(id)) {
        this.#unsettled.delete(id);
        continue;
      }
      if (words.storage.find(words.tab, id)) continue;
      const isShown = ({ key, change }: TimelineItem) => key === id || change?.commandId === id;
      if (words.tab.alive() && words.tab.engine.getSnapshot().items.some(isShown)) continue;
      this.#unsettled.delete(id);
      this.violate("I5", `${describeCommand(words.command)} is nowhere`);
    }
  }

  /** Somebody has read further, and nobody has been told yet. */
  onPositionMoved(userId: string): void {
    this.untoldPositions.set(userId, this.clock.now);
  }

  #onTaken({ epoch, seq, position }: Partial<Event> & Partial<PositionPush>): void {
    if (position) this.untoldPositions.delete(position.userId);
    if (seq === undefined || epoch !== this.model.epoch) return;
    if (epoch !== this.#takenEpoch) return;
    if (seq > this.#takenUpTo + 1) this.violate("RELAY", `${seq} was published before ${this.#takenUpTo + 1}`);
    this.#takenUpTo = Math.max(this.#takenUpTo, seq);
  }

  /** As NOTIFY: to every process that listens at this moment. */
  #notify(from: AppServer | null, consultationId: string, unheld: boolean): void {
    this.clock.after(1 + this.#random.below(8), () => {
      for (const server of this.servers) {
        if (server === from || !this.#hears(server)) continue;
        server.relay?.wake(consultationId, { heldElsewhere: !unheld });
      }
    });
  }

  /** A process listens on a session of its own, which a restart of the database cuts for a moment. */
  #hears(server: AppServer): boolean {
    return server.up && !this.faults.on("database-down") && this.clock.now > this.#listensFrom;
  }

  #listenAgain(): void {
    this.#listensFrom = this.clock.now + 300 + this.#random.below(900);
    this.clock.after(this.#listensFrom - this.clock.now, () => {
      for (const server of this.servers) if (server.up) server.relay?.wake();
    });
  }

  #onAdvance(seq: number): void {
    if (seq > this.#takenUpTo)
      this.violate("RELAY", `the cursor moved to ${seq}, only ${this.#takenUpTo} is published`);
  }

  #anybody(place: number): User {
    const person = EVERYBODY[place];
    if (!person) throw new Error("Everybody has a place");
    return person;
  }

  // ── What happens ──────────────────────────────────────────────────────────────────────────────────────────────────

  #person(place: number): User {
    const person = this.#people[place % this.#people.length];
    if (!person) throw new Error("There are people");
    return person;
  }

  #storageOf(browser: number, generation: number): BrowserStorage {
    const random = streamOf(this.plan.seed, `storage ${browser} ${generation}`);
    const slow = () => this.faults.on("slow-storage", browser);
    const storage = new BrowserStorage(this.clock, random, {
      latencyMs: () => (slow() ? random.below(800) : 1 + random.below(3)),
      broadcastMs: () => (slow() ? random.below(2_000) : 1 + random.below(15)),
      quotaExceeded: () => this.faults.strikes("quota", browser, random),
    });
    storage.onWrite = () => this.#judgeWords();
    // A later wish takes the place of an earlier one.
    storage.onAdd = (added) => {
      for (const { id, command, storage: its } of this.#words.values()) {
        if (its === storage && isReplaced(command, added)) this.#givenUp.add(id);
      }
    };
    return storage;
  }

  #noticesOf(browser: number, generation: number): BrowserNotices {
    return new BrowserNotices(this.clock, streamOf(this.plan.seed, `notices ${browser} ${generation}`));
  }

  #openTab(index: number): void {
    const place = this.places[index];
    if (!place || place.current) return;
    const { browser, loads } = place;
    const random = streamOf(this.plan.seed, `tab ${index} ${loads}`);
    const tab = new Tab(index, loads, browser, this, random);
    place.current = tab;
    place.loads += 1;
    if (this.faults.on("hidden", index)) tab.setVisible(false);
    if (this.faults.on("offline", index)) tab.setOnline(false);
    // What the server rendered may have lain in a cache for a while: then it is offered as it was.
    const rendered = random.chance(0.5) && this.model.isMember(tab.viewer);
    tab.open(rendered ? structuredClone(this.model.readSnapshot()) : null);
  }

  /** Somebody who is signed in and no participant. */
  openStranger(): Tab {
    const browser: Browser = {
      index: -1,
      person: STRANGER,
      storage: this.#storageOf(-1, 0),
      notices: this.#noticesOf(-1, 0),
    };
    const tab = new Tab(-1, 0, browser, this, streamOf(this.plan.seed, "stranger"));
    tab.open(null);
    return tab;
  }

  #closeTab(index: number): Tab | null {
    const place = this.places[index];
    const tab = place?.current;
    if (!place || !tab) return null;
    tab.kill();
    place.current = null;
    // Words that were kept in its memory only: the screen had said so.
    for (const { id } of tab.browser.storage.memoryOf(tab)) this.#givenUp.add(id);
    for (const id of [...this.#unsettled]) {
      const words = this.#words.get(id);
      if (words?.tab === tab && !tab.engine.getSnapshot().durable) this.#giveUpMemory(words);
    }
    this.#judgeWords();
    return tab;
  }

  #giveUp(id: string): void {
    this.#givenUp.add(id);
    if (!this.model.messages.has(id)) this.#givenUpAt.set(id, this.clock.now);
  }

  #giveUpMemory({ id, storage }: Words): void {
    if (!storage.commands.has(id)) this.#givenUp.add(id);
  }

  #perform(operation: Operation): void {
    if (this.calm) return;
    this.note(describeOperation(operation).trim());
    if (operation.kind !== "window") this.faults.count(operation.kind);
    switch (operation.kind) {
      case "send":
      case "read":
      case "older":
      case "retry":
      case "discard":
      case "disconnect":
      case "refuse-socket":
      case "leave-room":
      case "correct":
      case "withdraw-words":
      case "reply":
      case "toggle-reaction":
        this.#atTab(operation);
        return;
      case "edit":
      case "delete":
      case "react":
      case "say":
        this.#change(operation);
        return;
      case "complete":
        this.#atServer((relay) => this.model.complete(WEBER, relay));
        return;
      case "announce":
        this.#atServer((relay) =>
          this.model.announce(WEBER, { afterSeconds: Math.ceil(operation.for / 1_000), note: null }, relay),
        );
        return;
      case "continue":
        this.#atServer((relay) => this.model.withdraw(WEBER, relay));
        return;
      case "add":
        this.#add(this.#anybody(operation.person));
        return;
      case "remove":
        this.#remove(this.#anybody(operation.person));
        return;
      case "backup":
        this.#backups.push(this.model.backup());
        return;
      case "restore":
        this.#restore();
        return;
      case "crash-tab": {
        if (this.#closeTab(operation.tab)) this.#later(operation.for, () => this.#openTab(operation.tab));
        return;
      }
      case "crash-server":
        this.servers[operation.server]?.doom(operation.point, operation.for);
        return;
      case "sign-out":
        this.#signOut(operation.browser, operation.for);
        return;
      case "window":
        this.#open(operation);
        return;
    }
  }

  #later(ms: number, run: () => void): void {
    const cancel = this.clock.after(ms, () => {
      this.#laters.delete(cancel);
      run();
    });
    this.#laters.add(cancel);
  }

  #atTab(operation: Extract<Operation, { tab: number }>): void {
    const tab = this.places[operation.tab]?.current;
    if (!tab || tab.frozen || tab.storage !== tab.browser.storage) return;
    switch (operation.kind) {
      case "send":
        for (let index = 0; index < operation.count; index += 1)
          void tab.send(`${tab.name} at ${this.clock.now}, ${index}`);
        return;
      case "correct":
      case "withdraw-words":
      case "reply":
      case "toggle-reaction":
        this.#about(tab, operation);
        return;
      case "read":
        tab.lookAtAll();
        return;
      case "older":
        void tab.engine.loadOlder();
        return;
      case "retry":
      case "discard": {
        const parked = parkedIn(tab)[0];
        if (parked === undefined) return;
        if (operation.kind === "retry") {
          tab.engine.retry(parked);
          return;
        }
        this.#giveUp(parked);
        this.onTakenBack(tab, parked);
        tab.engine.discard(parked);
        return;
      }
      case "disconnect":
        tab.socket.disconnect("lost");
        return;
      case "refuse-socket":
        tab.socket.disconnect("refused");
        return;
      case "leave-room":
        tab.leaveRoom();
        this.#later(operation.for, () => tab.enterRoom());
        return;
    }
  }

  /** A correction, a reaction or an answer, to something that this screen shows. */
  #about(
    tab: Tab,
    { kind, pick }: Extract<Operation, { kind: "correct" | "withdraw-words" | "reply" | "toggle-reaction" }>,
  ) {
    // What waits to be sent may be corrected and answered too.
    const shown = tab.engine.getSnapshot().items.filter(({ message, change, key }) => {
      return message ? message.kind === "text" && message.deletedAt === null : change?.commandId !== key;
    });
    const among = (kind === "correct" || kind === "withdraw-words" ? shown.filter(({ own }) => own) : shown).slice(
      -NEAR,
    );
    const target = among[pick % Math.max(1, among.length)];
    if (!target) return;
    switch (kind) {
      case "correct":
        void tab.edit(target.key, `${tab.name} corrected at ${this.clock.now}`);
        return;
      case "withdraw-words":
        void tab.remove(target.key);
        return;
      case "reply":
        void tab.send(`${tab.name} answers at ${this.clock.now}`, target.key);
        return;
      case "toggle-reaction": {
        const emoji = EMOJI[pick % EMOJI.length] ?? EMOJI[0];
        const holders = target.message?.reactions.find((reaction) => reaction.emoji === emoji)?.userIds ?? [];
        void tab.react(target.key, emoji, !holders.includes(tab.viewer.id));
      }
    }
  }

  /** An edit, a deletion or a reaction from somewhere else: a device that is not simulated. */
  #change({ kind, person, pick }: Extract<Operation, { kind: "edit" | "delete" | "react" | "say" }>): void {
    const user = this.#person(person);
    if (kind === "say") {
      const texts = [...this.model.messages.values()].filter((message) => message.kind === "text");
      const quoted = pick % 3 === 0 ? null : texts[texts.length - 1 - (pick % Math.min(70, texts.length))];
      const command = {
        id: this.nextMessageId(),
        consultationId: "",
        content: `said at ${this.clock.now}`,
        attachmentIds: [],
      };
      this.model.send(user, { ...command, replyToId: quoted?.id ?? null });
      return;
    }
    const own = [...this.model.messages.values()].filter(
      ({ sender, kind: messageKind, deletedAt }) =>
        messageKind === "text" && deletedAt === null && (kind === "react" || sender?.id === user.id),
    );
    // Quoted ones first now and then: quotes have to follow.
    const quotedIds = new Set([...this.model.messages.values()].flatMap(({ replyTo }) => replyTo?.id ?? []));
    const quotedOwn = own.filter(({ id }) => quotedIds.has(id));
    const among = pick % 2 === 0 && quotedOwn.length > 0 ? quotedOwn : own;
    const target = among[pick % Math.max(1, among.length)];
    if (!target) return;
    if (kind === "edit") this.model.editMessage(user, target.id, `edited at ${this.clock.now}`);
    else if (kind === "delete") this.model.deleteMessage(user, target.id);
    else {
      const own = target.reactions.find(({ userIds }) => userIds.includes(user.id));
      this.model.setReaction(user, target.id, own?.emoji ?? EMOJI[pick % EMOJI.length] ?? EMOJI[0], !own);
    }
  }

  /** What the practitioner does on a device that is not simulated. */
  #atServer(run: (relay: string | null) => ApiResult<CommandAnswer>, after: () => void = () => {}): void {
    const server = this.servers.find(({ up }) => up);
    void server
      ?.query(() => server.append(run))
      .then(
        ({ appended }) => {
          server.publishAppended(appended);
          if (appended) after();
        },
        () => undefined,
      );
  }

  /** Who is taken in sees it in their list, and opens it (again). */
  #add(person: User): void {
    this.#atServer(
      (relay) => this.model.addParticipant(WEBER, person, relay),
      () => {
        // Whoever listens hears that they joined, and only with the next answer how far they had come before.
        this.onPositionMoved(person.id);
        this.#later(500 + this.#random.below(3_000), () => {
          for (const tab of this.tabs) {
            if (tab.viewer.id !== person.id || !tab.inRoom) continue;
            tab.leaveRoom();
            tab.enterRoom();
          }
        });
      },
    );
  }

  /** UI4: as lib/pusher/server.ts, sockets that their user signed in on are ended; the others hear hints. */
  #remove(person: User): void {
    const removed = () => !this.model.isMember(person);
    const end = async () => {
      const taken = await this.provider.trigger([]).then(
        () => true,
        () => false,
      );
      if (!taken || !removed()) return;
      for (const tab of this.tabs.filter(({ viewer, signedIn }) => viewer.id === person.id && signedIn)) {
        tab.socket.end();
        this.#later(REMOVED_WITHIN_MS, () => {
          if (removed() && this.#isUntroubled(tab) && this.#showsContent(tab))
            this.violate("UI4", `${tab.name} shows content ${REMOVED_WITHIN_MS} ms after its socket was ended`);
        });
      }
    };
    this.#atServer(
      (relay) => this.model.removeParticipant(WEBER, person.id, relay),
      () => void end(),
    );
  }

  #restore(): void {
    const backup = this.#backups.pop();
    if (!backup) return;
    const before = this.model.order;
    this.#restoredAt = this.clock.now;
    this.#histories[this.#histories.length - 1] = before;
    this.model.restore(backup);
    this.#histories.push(this.model.order);
    for (const id of before) if (!this.model.messages.has(id)) this.#restoredAway.add(id);
    const kept = this.#acknowledgedChanges.filter(({ seq }) => seq <= this.model.headSeq);
    this.#acknowledgedChanges.splice(0, Number.POSITIVE_INFINITY, ...kept);
    // What the backup had not seen published is published again, under the new epoch.
    this.#takenEpoch = this.model.epoch;
    this.#takenUpTo = this.model.cursor.publishedSeq;
  }

  /** In one tab, which loads its page anew; the person then comes back to the others. */
  #signInAgain(browserIndex: number | null): void {
    for (const [index, { browser, current }] of this.places.entries()) {
      if (!current || (browserIndex !== null && browser.index !== browserIndex)) continue;
      if (this.#random.chance(0.5)) {
        this.#closeTab(index);
        this.#openTab(index);
      } else if (current.visible) {
        current.setVisible(false);
        current.setVisible(true);
      }
    }
  }

  #signOut(browserIndex: number, away: number): void {
    const browser = this.browsers[browserIndex];
    if (!browser) return;
    const old = browser.storage;
    const wiped = new Set(old.kept.map(({ id }) => id));
    for (const id of wiped) this.#giveUp(id);
    old.wipe();
    browser.storage = this.#storageOf(browserIndex, Math.round(this.clock.now));
    browser.notices = this.#noticesOf(browserIndex, Math.round(this.clock.now));
    const places = this.places.flatMap((place, index) => (place.browser === browser ? [index] : []));
    // A tab in the background may stay open for a while, and must have forgotten all of it.
    const stays = this.#random.chance(0.5) ? 30 : 4_000;
    this.#later(NEWS_TRAVELS_MS, () => {
      for (const tab of this.tabs) {
        if (tab.storage !== old || tab.frozen) continue;
        const { items } = tab.engine.getSnapshot();
        const shown = items.find(({ key, pending, change }) => wiped.has(pending ? key : (change?.commandId ?? "")));
        if (shown) this.violate("SND5", `${tab.name} still shows ${shown.key} after the sign-out`);
      }
    });
    this.#later(stays, () => {
      for (const index of places) this.#closeTab(index);
      this.#later(away, () => {
        for (const index of places) this.#openTab(index);
      });
    });
  }

  #open(window: Window): void {
    const { faults } = this;
    faults.begin(window, this.clock.now);
    const touched = () => this.tabs.filter(({ index }) => window.target === null || window.target === index);
    const each = (run: (tab: Tab) => void) => {
      for (const tab of touched()) run(tab);
    };
    switch (window.fault) {
      case "offline":
        each((tab) => tab.setOnline(false));
        break;
      case "hidden":
        each((tab) => tab.setVisible(false));
        break;
      case "frozen":
        each((tab) => tab.freeze());
        break;
      case "network-dead":
      case "socket-dead":
        each((tab) => tab.socket.blackHole(tab.random.chance(0.5)));
        break;
      case "sockets-down":
        each((tab) => tab.socket.disconnect("lost"));
        break;
    }
    if (["offline", "hidden", "frozen", "deploy", "sockets-down", "quota", "slow-storage"].includes(window.fault)) {
      faults.count(window.fault);
    }
    this.#later(window.for, () => {
      faults.end(window);
      switch (window.fault) {
        case "database-down":
          this.#listenAgain();
          break;
        case "session-ended":
          this.#signInAgain(window.target);
          break;
        case "offline":
          each((tab) => !faults.on("offline", tab.index) && tab.setOnline(true));
          break;
        case "hidden":
          each((tab) => !faults.on("hidden", tab.index) && tab.setVisible(true));
          break;
        case "frozen":
          each((tab) => !faults.on("frozen", tab.index) && tab.thaw());
          break;
        case "network-dead":
        case "socket-dead":
          each((tab) => {
            if (faults.on("network-dead", tab.index) || faults.on("socket-dead", tab.index)) return;
            tab.socket.resumeLink();
            tab.breakHanging();
          });
          break;
      }
    });
  }
}

/** Commands that wait for their person to decide: of messages, and of changes to them. */
function parkedIn(tab: Tab): string[] {
  return tab.engine.getSnapshot().items.flatMap(({ key, pending, change }) => {
    if (pending?.state === "parked") return [key];
    return change?.state === "parked" ? [change.commandId] : [];
  });
}

/** What is still to be sent of a browser's commands: parked messages hold up those behind them and the changes of those. */
function waitingIn(tab: Tab): string[] {
  const waiting: string[] = [];
  const held = new Set<string>();
  for (const command of tab.storage.commandsOf(tab)) {
    if (command.kind === "send" && (command.parked !== null || held.size > 0)) held.add(command.id);
    else if (command.parked === null && !isHeldUp(command, held)) waiting.push(command.id);
  }
  return waiting;
}

function isHeldUp(command: StoredCommand, held: ReadonlySet<string>): boolean {
  return (command.kind === "edit" || command.kind === "react") && held.has(command.messageId);
}

function aboutWhich(command: StoredCommand): string {
  return command.kind === "send" ? command.id : command.messageId;
}

function isReplaced(before: StoredCommand, after: StoredCommand): boolean {
  if (before.kind === "send" || after.kind === "send" || before.messageId !== after.messageId) return false;
  if (before.kind === "react") return after.kind === "react" && before.emoji === after.emoji;
  // New words say that a deletion, once refused, is not wanted any more.
  return before.kind === after.kind || (before.kind === "delete" && after.kind === "edit");
}

function describeCommand(command: StoredCommand): string {
  const { kind, id } = command;
  const words = kind === "send" || kind === "edit" ? ` ("${command.content}")` : "";
  return `${kind} ${id}${words}`;
}
