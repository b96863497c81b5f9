import { isLegalMove, type MessageStatus } from "@/lib/core/message-status";
import type { TimelineItem } from "@/lib/core/timeline";
import type { User } from "@/lib/protocol/user";
import { ConversationEngine } from "@/lib/sync/conversation-engine";
import type { Api, Clock, Ports, Signal, Signals } from "@/lib/sync/ports";
import { keepConnected } from "@/lib/sync/socket-keeper";
import { MemoryQueue, type MemoryQueueTab } from "./memory-queue";
import { SeededRandom } from "./seeded-random";
import { CONSULTATION_ID, ServerModel } from "./server-model";
import { type Faults, publish, publishPosition, SimApi, SimTransport } from "./sim-network";
import { VirtualClock } from "./virtual-clock";

/** Network and visibility by switch. */
class SimSignals implements Signals {
  #online = true;
  #visible = true;
  readonly #listeners = new Set<(signal: Signal) => void>();

  get listenerCount(): number {
    return this.#listeners.size;
  }

  online = () => this.#online;
  visible = () => this.#visible;

  onChange(listener: (signal: Signal) => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(signal: Signal): void {
    if (signal === "online" || signal === "offline") this.#online = signal === "online";
    else this.#visible = signal === "visible";
    for (const listener of [...this.#listeners]) listener(signal);
  }
}

/** The real engine of one person over simulated ports, and a witness of everything its screen ever showed. */
export class SimClient {
  readonly api: SimApi;
  readonly transport: SimTransport;
  readonly signals = new SimSignals();
  readonly ports: Ports;
  readonly engine: ConversationEngine;
  readonly untruths: string[] = [];
  notifications = 0;
  readonly #shown = new Map<string, MessageStatus>();
  readonly #tab: MemoryQueueTab;
  #alive = true;
  #stopSocket: (() => void) | null = null;

  constructor(
    readonly viewer: User,
    readonly world: World,
    queue: MemoryQueue,
  ) {
    const { random, server } = world;
    const clock: Clock = { after: (ms, run) => world.clock.after(ms, () => this.#alive && run()) };
    this.api = new SimApi(server, viewer, world.clock, random);
    this.transport = new SimTransport(world.clock, random);
    this.#tab = queue.tab();
    this.ports = {
      api: this.#whileAlive(this.api),
      transport: this.transport,
      signals: this.signals,
      clock,
      random,
      ids: { messageId: () => world.nextMessageId() },
      queue: this.#tab,
      serverTime: { now: () => world.serverTime },
    };
    this.engine = new ConversationEngine(this.ports, { consultationId: CONSULTATION_ID, viewerId: viewer.id });
    this.engine.subscribe(() => {
      this.notifications += 1;
      this.#witness();
    });
  }

  get view() {
    return this.engine.getSnapshot();
  }

  get texts(): (string | null)[] {
    return this.view.items.map((item) => item.message?.content ?? item.pending?.content ?? null);
  }

  item(id: string): TimelineItem | undefined {
    return this.view.items.find((item) => item.key === id);
  }

  start(): this {
    this.#stopSocket = keepConnected(this.ports);
    this.engine.start();
    return this;
  }

  stop(): void {
    this.engine.stop();
    this.#stopSocket?.();
    this.#stopSocket = null;
  }

  /** The tab is gone, in the middle of whatever it did: no timer fires, no answer arrives, its locks are free. */
  crash(): void {
    this.#alive = false;
    this.transport.disconnect("lost");
    this.transport.channels.clear();
    this.#tab.close();
  }

  async send(content: string): Promise<string> {
    const result = await this.engine.send(content);
    if (!result.ok) throw new Error(`Not queued: ${result.issue}`);
    return result.id;
  }

  setFaults(faults: Faults): void {
    this.api.faults = faults;
    this.transport.faults = faults;
  }

  #whileAlive(api: Api): Api {
    const alive = <T>(answer: Promise<T>) =>
      new Promise<T>((resolve) => {
        void answer.then((value) => {
          if (this.#alive) resolve(value);
        });
      });
    return {
      readSnapshot: (...given) => alive(api.readSnapshot(...given)),
      readEvents: (...given) => alive(api.readEvents(...given)),
      readMessages: (...given) => alive(api.readMessages(...given)),
      sendMessage: (...given) => alive(api.sendMessage(...given)),
      editMessage: (...given) => alive(api.editMessage(...given)),
      deleteMessage: (...given) => alive(api.deleteMessage(...given)),
      setReaction: (...given) => alive(api.setReaction(...given)),
      recordReceipt: (...given) => alive(api.recordReceipt(...given)),
      listConsultations: (...given) => alive(api.listConsultations(...given)),
    };
  }

  /** UI1 and ID1 as seen from the chair: every status shown follows legally on the last, no id stands twice. */
  #witness(): void {
    const keys = new Set<string>();
    let lastSeq = 0;
    for (const { key, message, delivery } of this.view.items) {
      if (keys.has(key)) this.untruths.push(`${key} is shown twice`);
      keys.add(key);
      if (message) {
        if (message.seq <= lastSeq) this.untruths.push(`seq ${message.seq} is shown after ${lastSeq}`);
        lastSeq = message.seq;
      }
      const before = this.#shown.get(key);
      if (delivery === null || before === delivery) continue;
      if (before && !isLegalMove(before, delivery)) this.untruths.push(`${key} went ${before} -> ${delivery}`);
      if (delivery !== "queued" && delivery !== "sending" && delivery !== "parked") {
        if (!this.world.server.messages.has(key)) this.untruths.push(`${key} is shown as ${delivery} without a row`);
      }
      this.#shown.set(key, delivery);
    }
  }
}

/** One server, some clients, one clock, one source of chance: a seed decides everything that happens in it. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly server = new ServerModel();
  readonly clients: SimClient[] = [];
  /** What clients take for the server's clock; null: they have not heard it. */
  serverTime: number | null = Date.UTC(2026, 0, 1);
  #messageIds = 0;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
    this.server.onCommit = (event) => {
      for (const client of this.clients) publish(client.transport, event);
    };
    this.server.onPosition = (position) => {
      for (const client of this.clients) publishPosition(client.transport, this.server.epoch, position);
    };
  }

  /** Clients that share a queue are tabs of one browser. */
  client(viewer: User, queue = new MemoryQueue()): SimClient {
    const client = new SimClient(viewer, this, queue);
    this.clients.push(client);
    return client;
  }

  /** A client that has loaded and is live. */
  async liveClient(viewer: User, queue?: MemoryQueue): Promise<SimClient> {
    const client = this.client(viewer, queue).start();
    await this.clock.advance(200);
    return client;
  }

  /** Something somebody else committed. */
  say(author: User, content: string, replyToId: string | null = null): string {
    const id = this.nextMessageId();
    const command = { id, consultationId: CONSULTATION_ID, content, replyToId, attachmentIds: [] };
    const result = this.server.send(author, command);
    if (!result.ok) throw new Error(`The model refused: ${JSON.stringify(result.failure)}`);
    return id;
  }

  nextMessageId(): string {
    this.#messageIds += 1;
    return `01900000-0000-7000-8000-${String(this.#messageIds).padStart(12, "0")}`;
  }
}
