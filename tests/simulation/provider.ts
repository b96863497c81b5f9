import { PublishError } from "@/lib/server/relay/ports";
import type { ChannelHandlers, SocketState, Transport } from "@/lib/sync/ports";
import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import type { VirtualClock } from "@/tests/support/sim/virtual-clock";
import type { Faults } from "./faults";

/** As lib/pusher/server.ts: no answer by then is a failure. */
const REST_TIMEOUT_MS = 3_000;
/** As lib/pusher/client.ts: ten seconds of silence, a ping, six seconds without a pong. */
const DEAD_LINK_NOTICED_MS = 16_000;
/** As long as pusher-js waits for a new socket. */
const CONNECT_TIMEOUT_MS = 10_000;
const LONGEST_DELAY_MS = 60_000;

export interface Push {
  readonly channel: string;
  readonly name: string;
  readonly data: unknown;
}

/** Pusher Channels as the world sees it: a REST side that takes pushes, and sockets that mostly deliver them. */
export class Provider {
  readonly sockets = new Set<TabSocket>();
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #faults: Faults;
  /** Everything that was taken, whatever became of it. */
  onTaken: (pushes: readonly Push[]) => void = () => {};

  constructor(clock: VirtualClock, random: SeededRandom, faults: Faults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  async trigger(pushes: readonly Push[]): Promise<void> {
    await this.#clock.sleep(3 + this.#random.below(25));
    const mode = this.#faults.restMode();
    if (mode !== null) {
      this.#faults.count(`rest-${mode}`);
      if (mode === "hangs") {
        // Some calls that nobody hears the end of were taken all the same.
        if (this.#random.chance(0.3)) this.#take(pushes);
        await this.#clock.sleep(REST_TIMEOUT_MS);
      }
      throw new PublishError(mode === "401" ? "refused" : "away");
    }
    this.#take(pushes);
    await this.#clock.sleep(2 + this.#random.below(10));
  }

  #take(pushes: readonly Push[]): void {
    this.onTaken(pushes);
    for (const push of pushes) for (const socket of this.sockets) socket.push(push);
  }
}

interface SimChannel {
  readonly name: string;
  readonly handlers: ChannelHandlers;
  /** As the server sees it. */
  joined: boolean;
  /** As the client sees it. */
  subscribed: boolean;
  closed: boolean;
}

export interface SocketHost {
  readonly index: number;
  readonly random: SeededRandom;
  /** On the tab's own clock: late while it is frozen, never after its end. */
  after(ms: number, run: () => void): () => void;
  /** Runs when the tab is awake. */
  deliver(run: () => void): void;
  /** As `deliver`, unless it has slept for too long to get it. */
  receive(run: () => void): void;
  /** Asks the app for the right to listen; the HTTP status of a refusal, null for no answer. */
  authorise(channel: string): Promise<{ ok: true } | { ok: false; status: number | null }>;
  /** Word of this number may have been lost on the way to this tab. */
  onLostPush(push: Push): void;
  onDelivered(push: Push): void;
}

/** One tab's socket. Frames keep their order unless a fault takes one of them out of it. */
export class TabSocket implements Transport {
  readonly channels = new Set<SimChannel>();
  connects = 0;
  authorisations = 0;
  readonly #listeners = new Set<(state: SocketState) => void>();
  readonly #clock: VirtualClock;
  readonly #provider: Provider;
  readonly #faults: Faults;
  readonly #host: SocketHost;
  #state: SocketState = "idle";
  #session = 0;
  #lastFrameAt = 0;
  #blackHoleSince: number | null = null;

  constructor(host: SocketHost, clock: VirtualClock, provider: Provider, faults: Faults) {
    this.#host = host;
    this.#clock = clock;
    this.#provider = provider;
    this.#faults = faults;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** The link is dead although neither side has noticed. */
  get blackHoled(): boolean {
    return this.#blackHoleSince !== null;
  }

  state(): SocketState {
    return this.#state;
  }

  isSubscribed(channel: string): boolean {
    return [...this.channels].some(({ name, subscribed }) => name === channel && subscribed);
  }

  onState(listener: (state: SocketState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connect(): void {
    if (this.#state === "connecting" || this.#state === "connected") return;
    this.connects += 1;
    this.#session += 1;
    const session = this.#session;
    this.#set("connecting");
    const giveUp = this.#host.after(CONNECT_TIMEOUT_MS, () => {
      if (session === this.#session && this.#state === "connecting") this.disconnect("lost");
    });
    this.#shakeHands(session, 20 + this.#host.random.below(40), giveUp);
  }

  /** Into a black hole the machine knocks again and again, ever more slowly. */
  #shakeHands(session: number, ms: number, giveUp: () => void): void {
    this.#clock.after(ms, () => {
      if (session !== this.#session) return;
      if (this.#cutOff()) {
        this.#shakeHands(session, Math.max(1_000, ms * 2), giveUp);
        return;
      }
      if (this.#faults.on("sockets-down") || this.#faults.on("offline", this.#host.index)) {
        this.#faults.count("sockets-down");
        this.#host.deliver(() => {
          if (session === this.#session) this.disconnect("lost");
        });
        return;
      }
      this.#host.deliver(() => {
        if (session !== this.#session) return;
        giveUp();
        this.#blackHoleSince = null;
        this.#provider.sockets.add(this);
        this.#set("connected");
        for (const channel of this.channels) void this.#authorise(channel);
      });
    });
  }

  subscribe(name: string, handlers: ChannelHandlers) {
    const channel: SimChannel = { name, handlers, joined: false, subscribed: false, closed: false };
    this.channels.add(channel);
    void this.#authorise(channel);
    return {
      retry: () => void this.#authorise(channel),
      close: () => {
        channel.closed = true;
        this.channels.delete(channel);
      },
    };
  }

  /** Client events: nobody is simulated who would hear them. */
  trigger(): void {}

  /** The connection ends, as "lost" or as a refusal of the server (4001-4099). */
  disconnect(state: "lost" | "refused"): void {
    if (this.#state === "idle" || this.#state === state) return;
    this.#session += 1;
    this.#blackHoleSince = null;
    this.#provider.sockets.delete(this);
    for (const channel of [...this.channels]) {
      channel.joined = false;
      if (!channel.subscribed) continue;
      channel.subscribed = false;
      channel.handlers.onLost();
    }
    this.#set(state);
  }

  /** The app ended the connections of its user (4009). */
  end(): void {
    this.#provider.sockets.delete(this);
    for (const channel of this.channels) channel.joined = false;
    this.#frame(() => {
      if (this.#blackHoleSince === null) this.disconnect("refused");
    });
  }

  /** The link dies without a word. `lasting`: for this socket it never comes back. */
  blackHole(lasting: boolean): void {
    if (this.#state !== "connected" || this.#blackHoleSince !== null) return;
    const since = this.#clock.now;
    this.#blackHoleSince = since;
    this.#faults.count("black-holed");
    const session = this.#session;
    this.#host.after(DEAD_LINK_NOTICED_MS, () => {
      if (session === this.#session && this.#blackHoleSince === since) this.disconnect("lost");
    });
    if (!lasting) return;
    for (const channel of this.channels) channel.joined = false;
  }

  /** Frames flow again where somebody is still there to read them. */
  resumeLink(): void {
    if ([...this.channels].some(({ joined }) => joined)) this.#blackHoleSince = null;
  }

  /** From the provider to this tab. */
  push(push: Push): void {
    const { random, index } = this.#host;
    const channel = [...this.channels].find(({ name, joined, closed }) => name === push.channel && joined && !closed);
    if (!channel) return;
    // A position in words that nobody here can read.
    if (this.#faults.on("deploy") && !("seq" in (push.data as object))) this.#host.onLostPush(push);
    if (this.#blackHoleSince !== null || this.#faults.strikes("push-dropped", index, random)) {
      this.#host.onLostPush(push);
      return;
    }
    const copies = this.#faults.strikes("push-doubled", index, random) ? 2 + random.below(4) : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const data = this.#disguise(push.data);
      const frame = { ...push, data };
      if (this.#faults.strikes("push-delayed", index, random)) {
        this.#host.onLostPush(push);
        const late = random.below(random.chance(0.2) ? LONGEST_DELAY_MS : 3_000);
        this.#frame(() => this.#emit(frame), late);
      } else {
        this.#frame(() => this.#emit(frame));
      }
    }
  }

  #disguise(data: unknown): unknown {
    const { random, index } = this.#host;
    if (this.#faults.on("deploy")) return { ...(data as object), v: 2 };
    const event = data as { v: number; consultationId: string; epoch: string; seq?: number; type?: string };
    if (event.seq === undefined || !this.#faults.strikes("push-hints", index, random)) return structuredClone(data);
    const { v, consultationId, epoch, seq, type } = event;
    return { v, consultationId, epoch, seq, type, hint: true };
  }

  #emit(push: Push): void {
    for (const channel of [...this.channels]) {
      if (!channel.subscribed || channel.name !== push.channel) continue;
      this.#host.onDelivered(push);
      channel.handlers.events[push.name]?.(push.data, null);
    }
  }

  /** In order behind all frames before it, unless it is late. */
  #frame(run: () => void, lateMs?: number): void {
    const { random } = this.#host;
    const session = this.#session;
    const arrival = this.#clock.now + 5 + random.below(45);
    const at = lateMs === undefined ? Math.max(this.#lastFrameAt, arrival) : arrival + lateMs;
    if (lateMs === undefined) this.#lastFrameAt = at;
    this.#clock.after(at - this.#clock.now, () =>
      this.#host.receive(() => {
        if (session === this.#session && this.#state === "connected") run();
      }),
    );
  }

  async #authorise(channel: SimChannel): Promise<void> {
    if (this.#state !== "connected" || channel.subscribed) return;
    this.authorisations += 1;
    const session = this.#session;
    const answer = await this.#host.authorise(channel.name);
    if (session !== this.#session || channel.closed || channel.subscribed) return;
    if (!answer.ok) {
      channel.handlers.onRefused(answer.status);
      return;
    }
    // The subscription is a frame there and a frame back.
    this.#clock.after(5 + this.#host.random.below(20), () => {
      if (session !== this.#session || channel.closed || this.#blackHoleSince !== null) return;
      channel.joined = true;
      this.#frame(() => {
        if (channel.closed || channel.subscribed) return;
        channel.subscribed = true;
        channel.handlers.onSubscribed(null);
      });
    });
  }

  #cutOff(): boolean {
    const { index } = this.#host;
    return this.#faults.on("network-dead", index) || this.#faults.on("socket-dead", index);
  }

  #set(state: SocketState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}
