import { consultationChannel, parseChannelName } from "@/lib/protocol/channels";
import { closePusherClient, type PusherClient, pusherClient } from "@/lib/pusher/client";
import type { ChannelHandlers, SocketState, Transport } from "@/lib/sync/ports";
import { PusherChannel } from "./pusher-channel";

/** A channel outlives its last subscriber a little: a remount (StrictMode, a route change) finds it subscribed. */
const LINGER_MS = 1_000;

interface SharedChannel {
  readonly subscribers: Set<ChannelHandlers>;
  pusherChannel: PusherChannel | null;
  linger: ReturnType<typeof setTimeout> | null;
}

export type ClosableTransport = Transport & { close(): void };

/**
 * The tab's one pusher-js connection as the sync room wants it: channels shared by all their subscribers, and a
 * connection that rests after it was lost or refused until it is told to try again. pusher-js by itself comes back
 * after exactly one second, with everybody else.
 */
export function createTransport(): ClosableTransport {
  const channels = new Map<string, SharedChannel>();
  const listeners = new Set<(state: SocketState) => void>();
  let client: PusherClient | null = null;
  let state: SocketState = "idle";
  let resting = false;
  let closed = false;

  function setState(next: SocketState): void {
    if (state === next) return;
    state = next;
    if (next !== "connected") for (const channel of channels.values()) channel.pusherChannel?.lost();
    for (const listener of [...listeners]) listener(next);
  }

  /**
   * Stops pusher-js from reconnecting by its own rule. It tells of a broken connection just before it sets its timer,
   * so that what stops the timer has to come after that.
   */
  function rest(): void {
    queueMicrotask(() => {
      if (closed || resting || !client) return;
      resting = true;
      client.pusher.disconnect();
      setState("lost");
    });
  }

  function adopt(adopted: PusherClient): void {
    client = adopted;
    const { connection } = adopted.pusher;
    connection.bind("connecting", onConnecting);
    connection.bind("connected", onConnected);
    connection.bind("unavailable", rest);
    connection.bind("connecting_in", rest);
    connection.bind("disconnected", onDisconnected);
    connection.bind("failed", onFailed);
    for (const [name, channel] of channels) channel.pusherChannel ??= openChannel(adopted, name, channel);
    if (connection.state === "connected") onConnected();
    else adopted.pusher.connect();
  }

  const onConnecting = () => setState("connecting");
  const onConnected = () => setState("connected");
  const onFailed = () => setState("refused");
  const onDisconnected = () => {
    if (!resting) setState("refused");
  };

  function openChannel({ pusher, config }: PusherClient, name: string, channel: SharedChannel): PusherChannel {
    return new PusherChannel(pusher, wireName(name, config.encrypted), channel.subscribers);
  }

  function drop(name: string, channel: SharedChannel): void {
    channels.delete(name);
    channel.pusherChannel?.close();
  }

  return {
    state: () => state,
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connect() {
      if (closed || state === "connecting" || state === "connected") return;
      resting = false;
      setState("connecting");
      if (client) {
        client.pusher.connect();
        return;
      }
      pusherClient().then(
        (adopted) => {
          if (!closed) adopt(adopted);
        },
        () => {
          if (!closed) setState("lost");
        },
      );
    },
    subscribe(name, handlers) {
      const channel = channels.get(name) ?? { subscribers: new Set(), pusherChannel: null, linger: null };
      channels.set(name, channel);
      if (channel.linger !== null) clearTimeout(channel.linger);
      channel.linger = null;
      const own = { ...handlers };
      channel.subscribers.add(own);
      if (client) channel.pusherChannel ??= openChannel(client, name, channel);
      channel.pusherChannel?.welcome(own);
      let open = true;
      return {
        retry: () => channel.pusherChannel?.retry(),
        close() {
          if (!open) return;
          open = false;
          channel.subscribers.delete(own);
          if (channel.subscribers.size > 0 || closed) return;
          channel.linger = setTimeout(() => drop(name, channel), LINGER_MS);
        },
      };
    },
    close() {
      closed = true;
      for (const [name, channel] of channels) {
        if (channel.linger !== null) clearTimeout(channel.linger);
        drop(name, channel);
      }
      listeners.clear();
      void closePusherClient();
    },
  };
}

/** With a master key the same consultation speaks on its encrypted channel, and the plain name is refused. */
function wireName(name: string, encrypted: boolean): string {
  const channel = parseChannelName(name);
  return channel?.family === "consultation" ? consultationChannel(channel.consultationId, encrypted) : name;
}
