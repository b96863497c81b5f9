import { type Channel, type Pusher, refusalOf } from "@/lib/pusher/client";
import type { ChannelHandlers } from "@/lib/sync/ports";

type Metadata = { user_id?: string } | undefined;

/** One channel of pusher-js, told to all its subscribers. Every event name is bound once, whoever listens to it. */
export class PusherChannel {
  readonly #pusher: Pusher;
  readonly #channel: Channel;
  readonly #subscribers: ReadonlySet<ChannelHandlers>;
  readonly #bound = new Set<string>();
  #subscribed = false;

  constructor(pusher: Pusher, name: string, subscribers: ReadonlySet<ChannelHandlers>) {
    this.#pusher = pusher;
    this.#subscribers = subscribers;
    this.#channel = pusher.subscribe(name);
    this.#channel.bind("pusher:subscription_succeeded", (data: unknown) => {
      this.#subscribed = true;
      const members = memberIds(data);
      for (const subscriber of [...subscribers]) subscriber.onSubscribed(members);
    });
    this.#channel.bind("pusher:subscription_error", (error: { status?: number; error?: string } | undefined) => {
      this.#subscribed = false;
      for (const subscriber of [...subscribers]) subscriber.onRefused(refusalOf(error));
    });
    for (const subscriber of subscribers) this.#bindFor(subscriber);
  }

  get name(): string {
    return this.#channel.name;
  }

  /** A subscriber that comes later hears at once (but not from within its own call) what the others know. */
  welcome(subscriber: ChannelHandlers): void {
    this.#bindFor(subscriber);
    if (!this.#subscribed) return;
    queueMicrotask(() => {
      if (this.#subscribed && this.#subscribers.has(subscriber)) subscriber.onSubscribed(this.#members());
    });
  }

  trigger(event: string, data: unknown): void {
    if (this.#subscribed) this.#channel.trigger(event, data);
  }

  retry(): void {
    if (this.#subscribed) return;
    const { name, subscribed, subscriptionPending } = this.#channel;
    // Half a subscription: the authorisation hangs, or a word of the server was lost. pusher-js would ask nothing
    // again, and the server may have us already and refuse a second time.
    if (subscribed || subscriptionPending) {
      this.#pusher.send_event("pusher:unsubscribe", { channel: name });
      this.#channel.disconnect();
    }
    this.#pusher.subscribe(name);
  }

  lost(): void {
    if (!this.#subscribed) return;
    this.#subscribed = false;
    for (const subscriber of [...this.#subscribers]) subscriber.onLost();
  }

  close(): void {
    this.#channel.unbind();
    this.#pusher.unsubscribe(this.#channel.name);
  }

  #bindFor({ events }: ChannelHandlers): void {
    for (const name of Object.keys(events)) {
      if (this.#bound.has(name)) continue;
      this.#bound.add(name);
      this.#channel.bind(name, (data: unknown, metadata: Metadata) => {
        for (const subscriber of [...this.#subscribers]) subscriber.events[name]?.(data, metadata?.user_id ?? null);
      });
    }
  }

  #members(): readonly string[] | null {
    return "members" in this.#channel ? memberIds(this.#channel.members) : null;
  }
}

function memberIds(data: unknown): readonly string[] | null {
  if (typeof data !== "object" || data === null || !("members" in data)) return null;
  const { members } = data;
  return typeof members === "object" && members !== null ? Object.keys(members) : null;
}
