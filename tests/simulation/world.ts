import { isDeepStrictEqual } from "node:util";
import type { Event, PositionPush } from "@/lib/protocol/event";
import type { User } from "@/lib/protocol/user";
import { messagesOf, normalFormOfItems, participantsOf } from "@/tests/support/sim/normal-form";
import { ANNA, type Backup, IBRAHIM, ServerModel, WEBER, WORLD_BEGAN } from "@/tests/support/sim/server-model";
import { microtasksSettled, VirtualClock } from "@/tests/support/sim/virtual-clock";
import { AppServer } from "./app-server";
import { BrowserStorage } from "./browser-storage";
import { Faults } from "./faults";
import { describeOperation } from "./operation-words";
import type { Operation, Plan } from "./plan";
import { Provider } from "./provider";
import { streamOf } from "./random";
import { type Browser, type Surroundings, Tab } from "./tab";

const BEN: User = { id: "e0000000-0000-4000-8000-000000000005", role: "PATIENT", name: "Ben", image: null };
const STRANGER: User = {
  id: "f0000000-0000-4000-8000-000000000006",
  role: "PRACTITIONER",
  name: "Dr. Okafor",
  image: null,
};
const PEOPLE: readonly User[] = [ANNA, WEBER, IBRAHIM, BEN];
const SERVERS = 2;
const DAY_MS = 24 * 3_600_000;
/** Word between the tabs of one browser takes two seconds at most. */
const NEWS_TRAVELS_MS = 2_500;
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

export interface Violation {
  readonly rule: string;
  readonly message: string;
  readonly at: number;
}

interface Words {
  readonly id: string;
  readonly content: string;
  readonly author: User;
  readonly tab: Tab;
  readonly storage: BrowserStorage;
  /** The serial under which the browser keeps it, once it is known. */
  readonly order: number;
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
    this.model = new ServerModel({ now: () => WORLD_BEGAN + this.clock.now });
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
      return { index, person: user, storage: this.#storageOf(index, 0) };
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
      current.enterRoom();
    }
    for (const { index } of signedOut) this.#signInAgain(index);
  }

  // ── Judging a whole screen ────────────────────────────────────────────────────────────────────────────────────────

  /** What still differs between this screen and a fresh fetch; null: nothing. */
  difference(tab: Tab): string | null {
    const view = tab.engine.getSnapshot();
    const { model } = this;
    if (!view.consultation) return "shows nothing yet";
    const oldest = view.items[0]?.message?.seq;
    const newest = view.items.findLast(({ message }) => message !== null)?.message?.seq ?? 0;
    const lastId = model.order.at(-1);
    if (lastId !== undefined && newest !== model.message(lastId).seq) {
      return `its last message is ${newest}, the log's ${model.message(lastId).seq}`;
    }
    const fresh = model.readSnapshot(Number.MAX_SAFE_INTEGER);
    const from = oldest ?? model.headSeq + 1;
    if (!isDeepStrictEqual(normalFormOfItems(view.items, from), messagesOf(fresh.messages, from)))
      return "other messages";
    if (!isDeepStrictEqual(participantsOf(view.participants), participantsOf(fresh.participants)))
      return "other positions";
    if (!isDeepStrictEqual(view.consultation, fresh.consultation)) return "another state of the consultation";
    if (view.hasMore !== from > (fresh.messages[0]?.seq ?? from)) return "wrong about older messages";
    if (view.failure !== null) return `failure ${view.failure}`;
    return null;
  }

  /** Own words of this tab's browser that are still on their way. */
  unsent(tab: Tab): string[] {
    const { items } = tab.engine.getSnapshot();
    return items.flatMap(({ key, pending }) => (pending && pending.state !== "parked" ? [key] : []));
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
    for (const tab of this.tabs) {
      for (const { key, pending } of tab.engine.getSnapshot().items) {
        if (pending?.state === "parked" && this.model.messages.has(key)) {
          this.violate("I5", `${tab.name}: ${key} is saved and shown as failed`);
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
    return this.model.messages.has(id) || this.#restoredAway.has(id);
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

  onAccepted(tab: Tab, id: string, content: string): void {
    const { storage } = tab;
    if (!storage.kept.has(id)) this.violate("SND1", `${tab.name}: ${id} left the composer before it was kept`);
    const serial = storage.commands.get(id)?.serial ?? storage.memoryOf(tab).find((stored) => stored.id === id)?.serial;
    this.#words.set(id, { id, content, author: tab.viewer, tab, storage, order: serial ?? this.#words.size });
    this.#unsettled.add(id);
    this.#judgeWords();
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
    const held = [...storage.commands.values()].find(({ serial, parked }) => parked !== null && serial < stored.serial);
    if (held) this.violate("SND4", `${tab.name} sends ${id} past ${held.id}, which is parked (${held.parked})`);
    const age = stored.queuedAt === null ? 0 : WORLD_BEGAN + this.clock.now - Date.parse(stored.queuedAt);
    if (age > DAY_MS + 60_000)
      this.violate("SND5", `${tab.name} sends ${id}, written ${Math.round(age / 3_600_000)} hours ago`);
  }

  /** RCV1: what was pushed is on the screen a gap's hold and a journey later, where nothing else is wrong. */
  onDelivered(tab: Tab, seq: number): void {
    const { epoch } = this.model;
    this.#later(GAP_CLOSED_MS, () => {
      if (!this.#isUntroubled(tab) || epoch !== this.model.epoch) return;
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
        const missing = this.#missing(tab, settled);
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

  onCommitted(tab: Tab, id: string): void {
    this.#unsettled.delete(id);
    const words = this.#words.get(id);
    if (words && words.author !== tab.viewer) this.violate("SND5", `${id} was sent by ${tab.name}`);
  }

  onAcknowledged(_tab: Tab, id: string): void {
    if (!this.wasSaved(id)) this.violate("I1", `${id} was acknowledged without a row`);
    this.#acknowledged.add(id);
  }

  /** I5: accepted words are in the log, on the disk, on a screen, or were given up by a person. */
  #judgeWords(): void {
    for (const id of this.#unsettled) {
      const words = this.#words.get(id);
      if (!words || this.wasSaved(id) || this.#givenUp.has(id)) {
        this.#unsettled.delete(id);
        continue;
      }
      if (words.storage.commands.has(id)) continue;
      if (words.storage.memoryOf(words.tab).some((stored) => stored.id === id)) continue;
      if (words.tab.alive() && words.tab.engine.getSnapshot().items.some(({ key }) => key === id)) continue;
      this.#unsettled.delete(id);
      this.violate("I5", `the words ${id} ("${words.content}") are nowhere`);
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
    return storage;
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
    tab.open(random.chance(0.5) ? structuredClone(this.model.readSnapshot()) : null);
  }

  /** Somebody who is signed in and no participant. */
  openStranger(): Tab {
    const browser: Browser = { index: -1, person: STRANGER, storage: this.#storageOf(-1, 0) };
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
        this.#atTab(operation);
        return;
      case "edit":
      case "delete":
      case "react":
      case "say":
        this.#change(operation);
        return;
      case "complete":
        this.#complete();
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
      case "read":
        tab.engine.markRead(Number.MAX_SAFE_INTEGER);
        return;
      case "older":
        void tab.engine.loadOlder();
        return;
      case "retry":
      case "discard": {
        const parked = tab.engine.getSnapshot().items.find(({ pending }) => pending?.state === "parked");
        if (!parked) return;
        if (operation.kind === "retry") {
          tab.engine.retry(parked.key);
          return;
        }
        this.#giveUp(parked.key);
        tab.engine.discard(parked.key);
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

  /** An edit, a deletion or a reaction from somewhere else: a device that is not simulated. */
  #change({ kind, person, pick }: Extract<Operation, { person: number }>): void {
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
    if (!target || this.model.status !== "IN_PROGRESS") return;
    if (kind === "edit") this.model.edit(user, target.id, `edited at ${this.clock.now}`);
    else if (kind === "delete") this.model.delete(user, target.id);
    else {
      const type = target.reactions.some(({ userIds }) => userIds.includes(user.id))
        ? "reaction-removed"
        : "reaction-added";
      this.model.react(
        user,
        target.id,
        type === "reaction-removed" ? (target.reactions[0]?.emoji ?? "👍") : "👍",
        type,
      );
    }
  }

  #complete(): void {
    const server = this.servers.find(({ up }) => up);
    void server
      ?.query(() => {
        return server.append((relay) => this.model.complete(WEBER, relay)).appended;
      })
      .then(
        (appended) => server.publishAppended(appended),
        () => undefined,
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
    const wiped = new Set(old.kept);
    for (const id of wiped) this.#giveUp(id);
    old.wipe();
    browser.storage = this.#storageOf(browserIndex, Math.round(this.clock.now));
    const places = this.places.flatMap((place, index) => (place.browser === browser ? [index] : []));
    // A tab in the background may stay open for a while, and must have forgotten all of it.
    const stays = this.#random.chance(0.5) ? 30 : 4_000;
    this.#later(NEWS_TRAVELS_MS, () => {
      for (const tab of this.tabs) {
        if (tab.storage !== old || tab.frozen) continue;
        const shown = tab.engine.getSnapshot().items.find(({ key, pending }) => pending && wiped.has(key));
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
