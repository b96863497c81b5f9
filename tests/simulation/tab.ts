import { consultationChannel, parseChannelName } from "@/lib/protocol/channels";
import type { CommandAnswer, Receipt } from "@/lib/protocol/commands";
import type { ErrorCode } from "@/lib/protocol/errors";
import { ERROR_STATUS } from "@/lib/protocol/errors";
import type { Snapshot } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { ConsultationList } from "@/lib/sync/consultation-list";
import { ConversationEngine } from "@/lib/sync/conversation-engine";
import { classify, codeOf } from "@/lib/sync/failure";
import type { SystemNotice } from "@/lib/sync/notice-ports";
import { type MessageNotice, Notifier } from "@/lib/sync/notifier";
import type { Api, ApiFailure, ApiResult, Cancel, Ports, Signal, Signals, StoredCommand } from "@/lib/sync/ports";
import { keepConnected } from "@/lib/sync/socket-keeper";
import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import { CONSULTATION_ID, type ServerModel, WORLD_BEGAN } from "@/tests/support/sim/server-model";
import type { VirtualClock } from "@/tests/support/sim/virtual-clock";
import { type AppServer, DatabaseAway } from "./app-server";
import type { BrowserNotices, NoticeUser } from "./browser-notices";
import type { BrowserStorage, StorageUser } from "./browser-storage";
import type { Faults } from "./faults";
import { type Provider, type Push, TabSocket } from "./provider";
import { streamOf } from "./random";
import { Screen, type ScreenWatch } from "./screen";

/** As lib/browser/api-client.ts: no answer by then is an unknown outcome. */
const TIMEOUT_MS = 10_000;
const LONG_CALL_MS = 400;
const CHANNEL = consultationChannel(CONSULTATION_ID);
/** Sockets and requests of a machine that slept for longer are dead when it wakes. */
const CONNECTIONS_OUTLIVE_MS = 60_000;

/** One person's cookie jar and disk. */
export interface Browser {
  readonly index: number;
  person: User;
  storage: BrowserStorage;
  notices: BrowserNotices;
}

/** What a tab needs of the world around it. */
export interface Surroundings extends ScreenWatch {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly model: ServerModel;
  readonly provider: Provider;
  readonly servers: readonly AppServer[];
  nextMessageId(): string;
  note(text: string): void;
  onAccepted(tab: Tab, command: StoredCommand): void;
  /** This person wants a message gone, and with it all that they wanted with it before. */
  onTakenBack(tab: Tab, messageId: string): void;
  onAcknowledged(tab: Tab, command: StoredCommand, answer: CommandAnswer): void;
  onRefused(tab: Tab, command: StoredCommand, code: ErrorCode | null): void;
  onSending(tab: Tab, id: string): void;
  onCommitted(tab: Tab, command: StoredCommand, appended: boolean): void;
  onDelivered(tab: Tab, seq: number): void;
  onHeard(tab: Tab, push: Push): void;
  onSeen(tab: Tab, seq: number): void;
  onShown(tab: Tab, seq: number): void;
  onReceipt(tab: Tab, receipt: Receipt): void;
  /** This person is called because of a message, by a toast or by the browser. */
  onCall(tab: Tab, messageId: string): void;
  onPositionMoved(userId: string): void;
}

/** One page load: the real engine, list and socket keeper over a simulated browser. Another load is another Tab. */
export class Tab implements StorageUser, NoticeUser {
  readonly name: string;
  readonly index: number;
  readonly browser: Browser;
  readonly viewer: User;
  readonly random: SeededRandom;
  readonly socket: TabSocket;
  readonly engine: ConversationEngine;
  readonly list: ConsultationList;
  readonly notifier: Notifier;
  readonly notices: BrowserNotices;
  readonly screen: Screen;
  /** Times of all calls, authorisations and connection attempts: what this tab costs. */
  readonly calls: number[] = [];
  /** The one that is on its way, as this tab sees it. */
  sending: string | null = null;
  /** When a call last failed or took long: what follows may wait for its reasons. */
  troubleAt = 0;
  readonly storage: BrowserStorage;
  readonly waitingForServer: { until: number } = { until: 0 };
  /** Its socket carries its user's name, so that the app can end it. */
  readonly signedIn: boolean;
  /** Highest number that was lost on its way here while the link looked alive, and highest that arrived. */
  lostSeq = 0;
  deliveredSeq = 0;
  /** When word of somebody's position was lost on its way here, and when an answer last told them all. */
  lostPositionAt = -1;
  toldPositionsAt = -1;
  /** The history that anything which came here last spoke of. */
  toldEpoch = "";
  inRoom = false;
  /** Something with words in it came here. */
  heardWords = false;
  readonly #world: Surroundings;
  readonly #ports: Ports;
  readonly #signalListeners = new Set<(signal: Signal) => void>();
  /** What ends each call under way without an answer, and when it was made. */
  readonly #hanging = new Map<() => void, number>();
  #alive = true;
  #frozenSince: number | null = null;
  #late: (() => void)[] = [];
  #timers = 0;
  #toasts: readonly MessageNotice[] = [];
  #online = true;
  #visible = true;
  #heard: { serverTime: number; at: number } | null = null;
  #stopSocket: Cancel | null = null;

  constructor(index: number, load: number, browser: Browser, world: Surroundings, random: SeededRandom) {
    this.index = index;
    this.name = `tab ${index}${load > 0 ? `'${load}` : ""} (${browser.person.name})`;
    this.browser = browser;
    this.viewer = browser.person;
    this.storage = browser.storage;
    this.random = random;
    this.#world = world;
    this.socket = new TabSocket(
      {
        index,
        random,
        after: (ms, run) => this.after(ms, run),
        deliver: (run) => this.deliver(run),
        receive: (run) => this.receive(run),
        authorise: (channel) => this.#authorise(channel),
        onLostPush: (push) => this.#onLostPush(push),
        onDelivered: (push) => this.#onDelivered(push),
      },
      world.clock,
      world.provider,
      world.faults,
    );
    const signals: Signals = {
      online: () => this.#online,
      visible: () => this.#visible,
      onChange: (listener) => {
        this.#signalListeners.add(listener);
        return () => this.#signalListeners.delete(listener);
      },
    };
    this.#ports = {
      api: this.#api(),
      transport: this.socket,
      clock: { after: (ms, run) => this.after(ms, run) },
      random,
      signals,
      ids: { messageId: () => world.nextMessageId() },
      queue: browser.storage.open(this),
      serverTime: { now: () => this.#heard && this.#heard.serverTime + (world.clock.now - this.#heard.at) },
    };
    this.engine = new ConversationEngine(this.#ports, { consultationId: CONSULTATION_ID, viewerId: this.viewer.id });
    this.list = new ConsultationList(this.#ports, this.viewer.id);
    this.notices = browser.notices;
    this.notifier = new Notifier(this.notices.open(this), this.list, this.viewer.id);
    this.notifier.subscribe(() => this.#onToasts());
    this.screen = new Screen(this.name, this.engine, world, (seq) => world.onShown(this, seq));
    this.signedIn = streamOf(index, this.name).chance(0.7);
  }

  get online(): boolean {
    return this.#online;
  }

  get visible(): boolean {
    return this.#visible;
  }

  get frozen(): boolean {
    return this.#frozenSince !== null;
  }

  /** Timers, listeners and subscriptions that somebody forgot. */
  get leftovers(): Record<string, number> {
    return {
      timers: this.#timers,
      signalListeners: this.#signalListeners.size,
      socketListeners: this.socket.listenerCount,
      channels: this.socket.channels.size,
    };
  }

  /** Every call of this long was answered well and at once. */
  isServedWell(forMs: number): boolean {
    const { now } = this.#world.clock;
    if (now - this.troubleAt <= forMs) return false;
    return [...this.#hanging.values()].every((askedAt) => now - askedAt <= LONG_CALL_MS);
  }

  alive(): boolean {
    return this.#alive;
  }

  /** `rendered`: the page brought what the server had read for it. */
  open(rendered: Snapshot | null): void {
    if (rendered) this.engine.offer(rendered);
    this.#stopSocket = keepConnected(this.#ports);
    this.list.start();
    this.notifier.start();
    this.enterRoom();
  }

  enterRoom(): void {
    if (this.inRoom || !this.#alive) return;
    this.inRoom = true;
    this.troubleAt = this.#world.clock.now;
    this.engine.start();
    this.screen.look();
    this.notifier.lookAt(CONSULTATION_ID);
  }

  leaveRoom(): void {
    if (!this.inRoom || !this.#alive) return;
    this.inRoom = false;
    this.engine.stop();
    this.notifier.lookAt(null);
  }

  /** Everything is taken down properly: then nothing may be left. */
  close(): void {
    this.leaveRoom();
    this.notifier.stop();
    this.list.stop();
    this.#stopSocket?.();
    this.#stopSocket = null;
  }

  /** The process is gone, in the middle of whatever it did. */
  kill(): void {
    this.#alive = false;
    this.#late = [];
    this.screen.close();
    this.socket.disconnect("lost");
    this.storage.close(this);
    this.notices.close(this);
  }

  async send(content: string, replyToId: string | null = null): Promise<void> {
    await this.#give(
      (added) => added.kind === "send" && added.content === content,
      () => this.engine.send(content, replyToId),
    );
  }

  async edit(messageId: string, content: string): Promise<void> {
    await this.#give(
      (added) => added.kind === "edit" && added.content === content,
      () => this.engine.edit(messageId, content),
    );
  }

  async remove(messageId: string): Promise<void> {
    this.#world.onTakenBack(this, messageId);
    await this.#give(
      (added) => added.kind === "delete" && added.messageId === messageId,
      () => this.engine.remove(messageId),
    );
  }

  async react(messageId: string, emoji: string, on: boolean): Promise<void> {
    await this.#give(
      (added) => added.kind === "react" && added.messageId === messageId && added.emoji === emoji && added.on === on,
      () => this.engine.react(messageId, emoji, on),
    );
  }

  /** Nothing may have been kept of it: then there was nothing to do. */
  async #give(isIt: (added: StoredCommand) => boolean, run: () => Promise<unknown>): Promise<void> {
    // There is no composer where one takes no part.
    if (!this.#alive || !this.inRoom || this.engine.getSnapshot().failure === "not-found") return;
    const before = this.storage.addedBy(this).length;
    await run();
    const command = this.storage.addedBy(this).slice(before).find(isIt);
    if (command && this.#alive) this.#world.onAccepted(this, command);
  }

  /** The person looks at what the screen shows, if they can see it. */
  lookAtAll(): void {
    const newest = this.engine.getSnapshot().items.findLast(({ message }) => message !== null)?.message;
    if (!newest || !this.#visible || !this.inRoom) return;
    this.#world.onSeen(this, newest.seq);
    this.engine.markRead(newest.seq);
  }

  setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.troubleAt = this.#world.clock.now;
    this.#online = online;
    if (!online) {
      this.socket.disconnect("lost");
      this.breakHanging();
    }
    this.#signal(online ? "online" : "offline");
  }

  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    this.#signal(visible ? "visible" : "hidden");
    this.notices.attentionMoved();
  }

  freeze(): void {
    this.troubleAt = this.#world.clock.now;
    this.#frozenSince ??= this.#world.clock.now;
    this.notices.attentionMoved();
  }

  onCalled({ messageId }: SystemNotice): void {
    this.#world.onCall(this, messageId);
  }

  #onToasts(): void {
    const { toasts } = this.notifier.getSnapshot();
    for (const { messageId } of toasts) {
      if (!this.#toasts.some((toast) => toast.messageId === messageId)) this.#world.onCall(this, messageId);
    }
    this.#toasts = toasts;
  }

  /** Everything that fell due meanwhile happens now, in its order; after a long sleep the connections are dead. */
  thaw(): void {
    if (this.#frozenSince === null) return;
    const slept = this.#world.clock.now - this.#frozenSince;
    this.#frozenSince = null;
    this.troubleAt = this.#world.clock.now;
    if (!this.#alive) return;
    if (slept > CONNECTIONS_OUTLIVE_MS) {
      this.#world.faults.count("slept");
      this.breakHanging();
      // Half of the time the other side's goodbye is waiting to be read; else the link has to be found dead.
      if (this.random.chance(0.5)) this.#late.push(() => this.socket.disconnect("lost"));
      else this.socket.blackHole(true);
    }
    const late = this.#late;
    this.#late = [];
    for (const run of late) if (this.#alive) run();
    this.notices.attentionMoved();
  }

  /** Requests that hang (or crawl) end without an answer: the network broke, or came back and they were cut. */
  breakHanging(): void {
    for (const end of [...this.#hanging.keys()]) end();
  }

  deliver(run: () => void): void {
    if (!this.#alive) return;
    if (this.#frozenSince === null) run();
    else this.#late.push(run);
  }

  /** From the network: what comes to a machine that has slept for long finds nobody. */
  receive(run: () => void): void {
    if (!this.#outOfReach()) this.deliver(run);
  }

  #outOfReach(): boolean {
    return this.#frozenSince !== null && this.#world.clock.now - this.#frozenSince > CONNECTIONS_OUTLIVE_MS;
  }

  after(ms: number, run: () => void): Cancel {
    this.#timers += 1;
    let open = true;
    const close = () => {
      if (open) this.#timers -= 1;
      open = false;
    };
    const cancel = this.#world.clock.after(ms, () =>
      this.deliver(() => {
        if (!open) return;
        close();
        run();
      }),
    );
    return () => {
      close();
      cancel();
    };
  }

  #signal(signal: Signal): void {
    this.deliver(() => {
      for (const listener of [...this.#signalListeners]) listener(signal);
    });
  }

  #onLostPush(push: Push): void {
    // Of what comes on a person's own channel nothing is said by numbers: the list is read again.
    if (push.channel !== CHANNEL) return;
    const { seq } = push.data as { seq?: number };
    if (seq === undefined) this.lostPositionAt = this.#world.clock.now;
    else this.lostSeq = Math.max(this.lostSeq, seq);
  }

  #onDelivered(push: Push): void {
    this.#world.onHeard(this, push);
    const { seq, epoch } = (push.channel === CHANNEL ? push.data : {}) as { seq?: number; epoch?: string };
    if (epoch !== undefined) this.toldEpoch = epoch;
    this.heardWords ||= push.name !== "message-read" && push.name !== "message-delivered";
    this.#world.note(`${this.name} is pushed ${seq ?? push.name}`);
    if (seq === undefined) return;
    this.deliveredSeq = Math.max(this.deliveredSeq, seq);
    this.#world.onDelivered(this, seq);
  }

  // ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #api(): Api {
    const { model } = this.#world;
    const member = () => model.isMember(this.viewer);
    const read = <T>(what: string, run: (server: AppServer) => T) =>
      this.#call(what, async (server) =>
        server.query(
          (): ApiResult<T> => (member() ? { ok: true, value: structuredClone(run(server)) } : no("not-found")),
        ),
      );
    return {
      readSnapshot: () => read("snapshot", (server) => server.withPushState(model.readSnapshot())),
      readEvents: async (_id, query) => {
        let readAt = -1;
        const result = await read(`events after ${query.after}`, (server) => {
          readAt = this.#world.clock.now;
          const page = model.readEvents(query);
          return "reset" in page ? page : server.withPushState(page);
        });
        if (result.ok) this.toldPositionsAt = readAt;
        return result;
      },
      readMessages: (_id, query) => read(`messages before ${query.before}`, () => model.readMessages(query)),
      listConsultations: () =>
        this.#call("list", (server) =>
          server.query(() => ({ ok: true, value: structuredClone({ consultations: model.listFor(this.viewer) }) })),
        ),
      sendMessage: (command) =>
        this.#command(
          (stored) => stored.kind === "send" && stored.id === command.id,
          (relay) => model.send(this.viewer, command, relay),
        ),
      editMessage: (messageId, content) =>
        this.#command(
          (stored) => stored.kind === "edit" && stored.messageId === messageId && stored.content === content,
          (relay) => model.editMessage(this.viewer, messageId, content, relay),
        ),
      deleteMessage: (messageId) =>
        this.#command(
          (stored) => stored.kind === "delete" && stored.messageId === messageId,
          (relay) => model.deleteMessage(this.viewer, messageId, relay),
        ),
      setReaction: (messageId, emoji, on) =>
        this.#command(
          (stored) =>
            stored.kind === "react" && stored.messageId === messageId && stored.emoji === emoji && stored.on === on,
          (relay) => model.setReaction(this.viewer, messageId, emoji, on, relay),
        ),
      recordReceipt: (_id, receipt) =>
        this.#call(`receipt ${JSON.stringify(receipt)}`, async (server) => {
          const { result, moved } = await server.query(() => {
            this.#world.onReceipt(this, receipt);
            const before = model.positions.get(this.viewer.id);
            const answer = model.receipt(this.viewer, receipt);
            const moved = model.positions.get(this.viewer.id) !== before;
            if (moved) this.#world.onPositionMoved(this.viewer.id);
            return { result: answer, moved };
          });
          if (moved && result.ok) server.publishPosition(result.value.position, receipt.readUpToSeq !== undefined);
          return structuredClone(result);
        }),
    };
  }

  /** What the queue asks for: the command is the first of its kind that the storage still has. */
  async #command(
    isIt: (stored: StoredCommand) => boolean,
    run: (relay: string | null) => ApiResult<CommandAnswer>,
  ): Promise<ApiResult<CommandAnswer>> {
    const command = this.storage.commandsOf(this).find(isIt) ?? this.storage.lastTakenOut(isIt);
    if (!command) {
      this.#world.violate("SND1", `${this.name} sends a command that was never kept`);
      return { ok: false, failure: { kind: "unknown" } };
    }
    this.#world.onSending(this, command.id);
    this.sending = command.id;
    const result = await this.#call(`command ${command.kind} ${command.id}`, async (server) => {
      const { result, appended } = await server.query(() => {
        const done = server.append(run);
        if (done.result.ok) this.#world.onCommitted(this, command, done.appended !== null);
        return done;
      });
      server.publishAppended(appended);
      return result;
    });
    this.sending = null;
    if (result.ok) this.#world.onAcknowledged(this, command, result.value);
    else if (classify(result.failure) === "definite") this.#world.onRefused(this, command, codeOf(result.failure));
    return result;
  }

  /** From the tab to a server and back, with all that may happen on the way. Settles on the tab's own time. */
  #call<T>(what: string, ask: (server: AppServer) => Promise<ApiResult<T>>): Promise<ApiResult<T>> {
    const { clock } = this.#world;
    const askedAt = clock.now;
    this.calls.push(askedAt);
    this.#world.note(`${this.name} asks: ${what}`);
    return new Promise((resolve) => {
      let open = true;
      const settle = (answer: ApiResult<T>) => {
        if (!open) return;
        const result = this.#outOfReach() ? UNKNOWN : answer;
        open = false;
        this.#hanging.delete(broken);
        stopTimeout();
        this.deliver(() => {
          this.#world.note(
            `${this.name} hears of ${what}: ${result.ok ? brief(result.value) : wordsOf(result.failure)}`,
          );
          if (!result.ok || clock.now - askedAt > LONG_CALL_MS) this.troubleAt = clock.now;
          if (!result.ok && result.failure.kind === "refused" && result.failure.retryAfterMs !== null) {
            this.waitingForServer.until = this.#world.clock.now + result.failure.retryAfterMs;
          }
          // Every answer carries the server's time in its head.
          if (result.ok) this.#heard = { serverTime: WORLD_BEGAN + clock.now, at: clock.now };
          if (result.ok) this.toldEpoch = epochIn(result.value) ?? this.toldEpoch;
          resolve(result);
        });
      };
      const broken = () => settle(UNKNOWN);
      const stopTimeout = this.#world.clock.after(TIMEOUT_MS, broken);
      this.#hanging.set(broken, askedAt);
      void this.#travel(what, ask, settle, broken);
    });
  }

  async #travel<T>(
    what: string,
    ask: (server: AppServer) => Promise<ApiResult<T>>,
    settle: (result: ApiResult<T>) => void,
    broken: () => void,
  ): Promise<void> {
    const { clock, faults, servers } = this.#world;
    const { random, index } = this;
    const latency = () => 4 + random.below(40);
    if (!this.#online || faults.on("offline", index)) {
      await clock.sleep(1);
      return broken();
    }
    // It hangs until somebody gives up.
    if (faults.on("network-dead", index)) return;
    const slow = faults.strikes("slow", index, random) ? random.below(14_000) : 0;
    const lag = faults.on("laggy", index) ? 100 + random.below(1_200) : 0;
    await clock.sleep(latency() + slow + lag);
    if (what.startsWith("command") && faults.strikes("refuses", index, random)) return settle(no("payload-too-large"));
    if (faults.strikes("lost-request", index, random)) return;
    if (faults.strikes("unavailable", index, random)) {
      return settle(no("unavailable", random.chance(0.5) ? (1 + random.below(3)) * 1_000 : null));
    }
    if (faults.strikes("rate-limited", index, random)) {
      return settle(no("rate-limited", (1 + random.below(4)) * 1_000));
    }
    const server = this.#route(servers);
    if (!server) {
      await clock.sleep(2);
      return random.chance(0.5) ? broken() : settle({ ok: false, failure: GATEWAY });
    }
    const stopWatching = server.onDeath(broken);
    const result = await this.#answerOf(server, ask);
    stopWatching();
    if (faults.strikes("lost-answer", index, random) || faults.on("network-dead", index)) return;
    await clock.sleep(latency() + (lag > 0 ? random.below(1_200) : 0));
    const garbled = faults.on("deploy") || faults.strikes("garbled", index, random);
    settle(result.ok && garbled ? { ok: false, failure: { kind: "unreadable" } } : result);
  }

  async #answerOf<T>(server: AppServer, ask: (server: AppServer) => Promise<ApiResult<T>>): Promise<ApiResult<T>> {
    const { faults } = this.#world;
    if (faults.on("session-ended", this.browser.index) || this.browser.storage !== this.storage) {
      faults.count("session-ended");
      return no(this.random.chance(0.5) ? "unauthenticated" : "session-ended");
    }
    try {
      return await ask(server);
    } catch (error) {
      if (error instanceof DatabaseAway) return no("unavailable", 1_000);
      throw error;
    }
  }

  /** A balancer that learns of a dead process by asking it. */
  #route(servers: readonly AppServer[]): AppServer | null {
    const first = this.random.pick(servers);
    if (first?.up) return first;
    return servers.find(({ up }) => up && this.random.chance(0.7)) ?? null;
  }

  async #authorise(channel: string): Promise<{ ok: true } | { ok: false; status: number | null }> {
    const { faults, model } = this.#world;
    if (faults.strikes("auth-hangs", this.index, this.random)) return never();
    if (faults.strikes("auth-failed", this.index, this.random)) {
      this.calls.push(this.#world.clock.now);
      await this.#world.clock.sleep(10 + this.random.below(30));
      const status = this.random.pick([500, 503, 403, 0]) ?? 500;
      return this.#onOwnTime({ ok: false, status: status === 0 ? null : status });
    }
    const result = await this.#call<null>(`authorise ${channel}`, (server) =>
      server.query(() => {
        const name = parseChannelName(channel);
        const allowed = name?.family === "user" ? name.userId === this.viewer.id : model.isMember(this.viewer);
        return allowed ? { ok: true, value: null } : no("channel-not-allowed");
      }),
    );
    if (result.ok) return { ok: true };
    return { ok: false, status: result.failure.kind === "refused" ? result.failure.status : null };
  }

  #onOwnTime<T>(value: T): Promise<T> {
    return new Promise((resolve) => this.deliver(() => resolve(value)));
  }
}

const UNKNOWN: ApiResult<never> = { ok: false, failure: { kind: "unknown" } };
const GATEWAY = { kind: "foreign", retryAfterMs: null } as const;

function no(code: ErrorCode, retryAfterMs: number | null = null): ApiResult<never> {
  return { ok: false, failure: { kind: "refused", status: ERROR_STATUS[code], code, retryAfterMs } };
}

function wordsOf(failure: ApiFailure): string {
  return failure.kind === "refused" ? `${failure.status} ${failure.code}` : failure.kind;
}

function brief(answer: unknown): string {
  const { headSeq, reset, push } = (answer ?? {}) as { headSeq?: number; reset?: true; push?: string };
  return [reset ? "reset" : "ok", headSeq === undefined ? "" : `head ${headSeq}`, push ?? ""].join(" ").trim();
}

function epochIn(answer: unknown): string | undefined {
  const { epoch, event } = (answer ?? {}) as { epoch?: string; event?: { epoch: string } | null };
  return epoch ?? event?.epoch;
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
