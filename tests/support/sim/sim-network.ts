import { consultationChannel } from "@/lib/protocol/channels";
import type { Event } from "@/lib/protocol/event";
import type { Position } from "@/lib/protocol/position";
import type { User } from "@/lib/protocol/user";
import type { Api, ApiResult, ChannelHandlers, SocketState, Transport } from "@/lib/sync/ports";
import type { SeededRandom } from "./seeded-random";
import { CONSULTATION_ID, refused, type ServerModel } from "./server-model";
import type { VirtualClock } from "./virtual-clock";

/**
 * What may happen to one call. "lost-request" never arrives; "lost-answer" was done, but nobody hears of it;
 * "garbled-answer" was done, but says so in a version that nobody knows.
 */
export type Fate = "ok" | "lost-request" | "lost-answer" | "garbled-answer" | ApiResult<never>;
export type ApiMethod = keyof Api;

/** Probabilities, all 0 on a good day. */
export interface Faults {
  lostRequest: number;
  lostAnswer: number;
  unavailable: number;
  pushDropped: number;
  pushDoubled: number;
  pushDelayed: number;
  authFailed: number;
}

export const NO_FAULTS: Faults = {
  lostRequest: 0,
  lostAnswer: 0,
  unavailable: 0,
  pushDropped: 0,
  pushDoubled: 0,
  pushDelayed: 0,
  authFailed: 0,
};

const TIMEOUT_MS = 10_000;
const UNAVAILABLE: ApiResult<never> = {
  ok: false,
  failure: { kind: "refused", status: 503, code: "unavailable", retryAfterMs: null },
};

/** The HTTP side of one client: latency, loss and refusals in front of the model. */
export class SimApi implements Api {
  latencyMs: () => number = () => 10;
  faults: Faults = NO_FAULTS;
  readonly calls: { method: ApiMethod; at: number; argument: unknown }[] = [];
  readonly #script = new Map<ApiMethod, Fate[]>();

  constructor(
    private readonly server: ServerModel,
    private readonly viewer: User,
    private readonly clock: VirtualClock,
    private readonly random: SeededRandom,
  ) {}

  /** Decides the next calls of a method; afterwards chance decides again. */
  script(method: ApiMethod, ...fates: Fate[]): void {
    this.#script.set(method, [...(this.#script.get(method) ?? []), ...fates]);
  }

  count(method: ApiMethod): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  readonly readSnapshot: Api["readSnapshot"] = (id) =>
    this.#call("readSnapshot", id, () => this.#read(() => this.server.readSnapshot()));
  readonly readEvents: Api["readEvents"] = (_id, query) =>
    this.#call("readEvents", query, () => this.#read(() => this.server.readEvents(query)));
  readonly readMessages: Api["readMessages"] = (_id, query) =>
    this.#call("readMessages", query, () => this.#read(() => this.server.readMessages(query)));
  readonly sendMessage: Api["sendMessage"] = (command) =>
    this.#call("sendMessage", command, () => this.server.send(this.viewer, command));
  readonly editMessage: Api["editMessage"] = (messageId, content) =>
    this.#call("editMessage", { messageId, content }, () => this.server.editMessage(this.viewer, messageId, content));
  readonly deleteMessage: Api["deleteMessage"] = (messageId) =>
    this.#call("deleteMessage", { messageId }, () => this.server.deleteMessage(this.viewer, messageId));
  readonly setReaction: Api["setReaction"] = (messageId, emoji, on) =>
    this.#call("setReaction", { messageId, emoji, on }, () =>
      this.server.setReaction(this.viewer, messageId, emoji, on),
    );
  readonly recordReceipt: Api["recordReceipt"] = (_id, receipt) =>
    this.#call("recordReceipt", receipt, () => this.server.receipt(this.viewer, receipt));
  readonly listConsultations: Api["listConsultations"] = () =>
    this.#call("listConsultations", null, () => done({ consultations: this.server.listFor(this.viewer) }));

  #read<T>(run: () => T): ApiResult<T> {
    return this.server.isMember(this.viewer) ? done(run()) : refused("not-found");
  }

  async #call<T>(method: ApiMethod, argument: unknown, run: () => ApiResult<T>): Promise<ApiResult<T>> {
    this.calls.push({ method, at: this.clock.now, argument });
    const fate = this.#script.get(method)?.shift() ?? this.#chance();
    await this.clock.sleep(this.latencyMs());
    if (fate === "lost-request") return this.#unknown();
    // Read at arrival; what happens on the way back makes the answer old, as in life.
    const result = typeof fate === "object" ? fate : structuredClone(run());
    if (fate === "lost-answer") return this.#unknown();
    await this.clock.sleep(this.latencyMs());
    if (fate === "garbled-answer") return { ok: false, failure: { kind: "unreadable" } };
    return result;
  }

  #chance(): Fate {
    if (this.random.chance(this.faults.lostRequest)) return "lost-request";
    if (this.random.chance(this.faults.lostAnswer)) return "lost-answer";
    return this.random.chance(this.faults.unavailable) ? UNAVAILABLE : "ok";
  }

  async #unknown(): Promise<ApiResult<never>> {
    await this.clock.sleep(TIMEOUT_MS);
    return { ok: false, failure: { kind: "unknown" } };
  }
}

interface SimChannel {
  readonly name: string;
  readonly handlers: ChannelHandlers;
  subscribed: boolean;
  authorising: boolean;
}

/** The socket side of one client: every push has its own fate. */
export class SimTransport implements Transport {
  faults: Faults = NO_FAULTS;
  delayMs: () => number = () => 20;
  /** Set to make every authorisation fail with this status. */
  refuseWith: number | null = null;
  /** While false no connection can be made. */
  reachable = true;
  connects = 0;
  authorisations = 0;
  /** Client events of this client, as they left. */
  readonly triggered: { channel: string; event: string; data: unknown; at: number }[] = [];
  readonly channels = new Set<SimChannel>();
  #state: SocketState = "idle";
  #session = 0;
  readonly #listeners = new Set<(state: SocketState) => void>();

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: SeededRandom,
  ) {}

  get listenerCount(): number {
    return this.#listeners.size;
  }

  state(): SocketState {
    return this.#state;
  }

  onState(listener: (state: SocketState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connect(): void {
    if (this.#state === "connecting" || this.#state === "connected") return;
    this.connects += 1;
    const session = ++this.#session;
    this.#set("connecting");
    this.clock.after(30, () => {
      if (session !== this.#session) return;
      this.#set(this.reachable ? "connected" : "lost");
      for (const channel of this.channels) this.#authorise(channel);
    });
  }

  subscribe(name: string, handlers: ChannelHandlers) {
    const channel: SimChannel = { name, handlers, subscribed: false, authorising: false };
    this.channels.add(channel);
    this.#authorise(channel);
    return {
      retry: () => this.#authorise(channel),
      close: () => {
        this.channels.delete(channel);
      },
    };
  }

  trigger(channel: string, event: string, data: unknown): void {
    const subscribed = [...this.channels].some((one) => one.name === channel && one.subscribed);
    if (subscribed) this.triggered.push({ channel, event, data, at: this.clock.now });
  }

  /** The connection ends, as "lost" or as a refusal of the server (4001-4099). */
  disconnect(state: "lost" | "refused" = "lost"): void {
    this.#session += 1;
    for (const channel of [...this.channels]) {
      channel.authorising = false;
      if (!channel.subscribed) continue;
      channel.subscribed = false;
      channel.handlers.onLost();
    }
    this.#set(state);
  }

  /** From the relay: at least once is the server's promise, what becomes of it is chance. */
  push(channelName: string, event: string, data: unknown): void {
    if (this.#state !== "connected" || this.random.chance(this.faults.pushDropped)) return;
    const copies = this.random.chance(this.faults.pushDoubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const late = this.random.chance(this.faults.pushDelayed) ? this.random.below(5_000) : 0;
      this.deliver(channelName, event, structuredClone(data), this.delayMs() + late);
    }
  }

  /** `senderId` is the server's word on who sent a client event. */
  deliver(channelName: string, event: string, data: unknown, delayMs = 0, senderId: string | null = null): void {
    const session = this.#session;
    this.clock.after(delayMs, () => {
      if (session !== this.#session) return;
      for (const channel of [...this.channels]) {
        if (channel.subscribed && channel.name === channelName) channel.handlers.events[event]?.(data, senderId);
      }
    });
  }

  #authorise(channel: SimChannel): void {
    if (this.#state !== "connected" || channel.subscribed || channel.authorising) return;
    channel.authorising = true;
    this.authorisations += 1;
    const session = this.#session;
    this.clock.after(15, () => {
      if (session !== this.#session || !this.channels.has(channel)) return;
      channel.authorising = false;
      const status = this.refuseWith ?? (this.random.chance(this.faults.authFailed) ? 503 : null);
      channel.subscribed = status === null;
      if (status === null) channel.handlers.onSubscribed(null);
      else channel.handlers.onRefused(status);
    });
  }

  #set(state: SocketState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

export const CHANNEL = consultationChannel(CONSULTATION_ID);

export function publish(transport: SimTransport, event: Event): void {
  transport.push(CHANNEL, event.type, event);
}

export function publishPosition(transport: SimTransport, epoch: string, position: Position): void {
  const type = position.readAt ? "message-read" : "message-delivered";
  transport.push(CHANNEL, type, { v: 1, consultationId: CONSULTATION_ID, epoch, position });
}

function done<T>(value: T): ApiResult<T> {
  return { ok: true, value };
}
