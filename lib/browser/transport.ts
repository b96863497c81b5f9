import "@/lib/protocol/zod-settings";
import * as z from "zod";
import { consultationChannel, parseChannelName } from "@/lib/protocol/channels";
import { closePusherClient, type PusherClient, pusherClient } from "@/lib/pusher/client";
import type { Cancel, ChannelHandlers, Signal, Signals, SocketState, Transport } from "@/lib/sync/ports";
import { PusherChannel } from "./pusher-channel";
import { browserSignals } from "./signals";

/** A channel outlives its last subscriber a little: a remount (StrictMode, a route change) finds it subscribed. */
const LINGER_MS = 1_000;
/**
 * How long an attempt to connect may take, in turns: most networks answer at once or not at all, and the next attempt
 * may find one that is there again; a slow one gets its chance with every third. What worked is what is tried next.
 */
const ATTEMPTS_MS = [3_000, 3_000, 10_000];
/** A connection that was out of sight has to show that it is alive. */
const SIGN_OF_LIFE_MS = 4_000;

type RestingState = "lost" | "overloaded" | "refused";

interface SharedChannel {
  readonly subscribers: Set<ChannelHandlers>;
  pusherChannel: PusherChannel | null;
  linger: ReturnType<typeof setTimeout> | null;
}

const closeSchema = z.object({
  type: z.literal("WebSocketError"),
  error: z.object({ type: z.literal("PusherError"), data: z.object({ code: z.int() }) }),
});

export type ClosableTransport = Transport & { close(): void };

/**
 * The tab's one pusher-js connection as the sync room wants it: channels shared by all their subscribers, and a
 * connection that rests after it was lost or refused until it is told to try again. pusher-js by itself comes back
 * after exactly one second, with everybody else.
 */
export function createTransport(
  viewerId: string,
  signals: Pick<Signals, "onChange"> = browserSignals,
): ClosableTransport {
  const channels = new Map<string, SharedChannel>();
  const listeners = new Set<(state: SocketState) => void>();
  const abandoned = new Set<string>();
  let client: PusherClient | null = null;
  let state: SocketState = "idle";
  let resting = false;
  let closed = false;
  let attempt = 0;
  let attemptTimer: ReturnType<typeof setTimeout> | undefined;
  let lifeTimer: ReturnType<typeof setTimeout> | undefined;
  let stopSignals: Cancel | null = null;

  function setState(next: SocketState): void {
    if (state === next) return;
    state = next;
    clearTimeout(attemptTimer);
    clearTimeout(lifeTimer);
    lifeTimer = undefined;
    if (next !== "connected") {
      for (const channel of channels.values()) channel.pusherChannel?.lost();
      forgetAbandoned();
    }
    for (const listener of [...listeners]) listener(next);
  }

  /** A channel left while its authorisation was on its way: pusher-js would subscribe it with the next connection. */
  function forgetAbandoned(): void {
    const wanted = new Set([...channels.values()].map(({ pusherChannel }) => pusherChannel?.name));
    for (const name of abandoned) if (!wanted.has(name)) client?.pusher.unsubscribe(name);
    abandoned.clear();
  }

  /**
   * Stops pusher-js from reconnecting by its own rule. Ended at once, because after a close it sets two timers and
   * forgets the first, which would cut the next connection; and once more in a moment, because it sets a timer after
   * it told us.
   */
  function rest(next: RestingState): void {
    if (closed || resting || !client) return;
    const { pusher } = client;
    resting = true;
    pusher.disconnect();
    queueMicrotask(() => {
      if (resting) pusher.disconnect();
    });
    setState(next);
  }

  function adopt(adopted: PusherClient): void {
    client = adopted;
    const { connection } = adopted.pusher;
    connection.bind("error", onError);
    connection.bind("connecting", onConnecting);
    connection.bind("connected", onConnected);
    connection.bind("message", onMessage);
    connection.bind("unavailable", onLost);
    connection.bind("connecting_in", onLost);
    connection.bind("disconnected", onDisconnected);
    connection.bind("failed", onFailed);
    for (const [name, channel] of channels) channel.pusherChannel ??= openChannel(adopted, name, channel);
    if (connection.state === "connected") {
      onConnected();
    } else {
      adopted.pusher.connect();
      limitAttempt();
    }
  }

  /** We were refused: perhaps by what the configuration says (a key that was replaced), so it is read again. */
  function forgetClient(): void {
    for (const channel of channels.values()) {
      channel.pusherChannel?.close();
      channel.pusherChannel = null;
    }
    client = null;
    void closePusherClient();
  }

  const onLost = () => rest("lost");
  const onConnecting = () => {
    if (resting) return queueMicrotask(() => resting && client?.pusher.disconnect());
    setState("connecting");
    limitAttempt();
  };
  function limitAttempt(): void {
    clearTimeout(attemptTimer);
    attemptTimer = setTimeout(
      () => {
        attempt += 1;
        rest("lost");
      },
      ATTEMPTS_MS[attempt % ATTEMPTS_MS.length],
    );
  }
  const onConnected = () => setState("connected");
  const onFailed = () => setState("refused");
  const onDisconnected = () => {
    if (!resting) setState("refused");
  };
  const onError = (error: unknown) => {
    const code = closeCodeOf(error);
    if (code !== null) rest(restingStateAfter(code));
  };
  const onMessage = ({ event }: { event: string }) => {
    // Anything else may have lain in a buffer since before.
    if (event !== "pusher:pong") return;
    clearTimeout(lifeTimer);
    lifeTimer = undefined;
  };

  /** A machine that slept, a tab that was frozen: the socket may be long dead without anybody having been told (CON4). */
  function onSignal(signal: Signal): void {
    if (state !== "connected" || lifeTimer !== undefined || !client) return;
    if (signal !== "visible" && signal !== "online") return;
    client.pusher.connection.send_event("pusher:ping", {});
    lifeTimer = setTimeout(onLost, SIGN_OF_LIFE_MS);
  }

  function openChannel({ pusher, config }: PusherClient, name: string, channel: SharedChannel): PusherChannel {
    return new PusherChannel(pusher, wireName(name, config.encrypted), channel.subscribers);
  }

  function drop(name: string, channel: SharedChannel): void {
    channels.delete(name);
    const { pusherChannel } = channel;
    pusherChannel?.close();
    if (pusherChannel && client?.pusher.channel(pusherChannel.name)) abandoned.add(pusherChannel.name);
  }

  return {
    state: () => state,
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connect() {
      if (closed || state === "connecting" || state === "connected") return;
      stopSignals ??= signals.onChange(onSignal);
      resting = false;
      if (state === "refused") forgetClient();
      setState("connecting");
      if (client) {
        client.pusher.connect();
        return;
      }
      pusherClient(viewerId).then(
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
    trigger: (name, event, data) => channels.get(name)?.pusherChannel?.trigger(event, data),
    close() {
      closed = true;
      stopSignals?.();
      clearTimeout(attemptTimer);
      clearTimeout(lifeTimer);
      for (const [name, channel] of channels) {
        if (channel.linger !== null) clearTimeout(channel.linger);
        drop(name, channel);
      }
      listeners.clear();
      void closePusherClient();
    },
  };
}

/** The families of the Pusher protocol. Below 4000 it is the network's doing, or the server simply went away. */
function restingStateAfter(code: number): RestingState {
  if (code < 4_000) return "lost";
  if (code >= 4_100 && code < 4_200) return "overloaded";
  return code >= 4_200 && code < 4_300 ? "lost" : "refused";
}

/**
 * The code with which the connection was closed. A `pusher:error` that closes nothing (one client event too many, a
 * subscription too many) looks different, and means nothing for the connection.
 */
function closeCodeOf(error: unknown): number | null {
  const parsed = closeSchema.safeParse(error);
  return parsed.success ? parsed.data.error.data.code : null;
}

/** With a master key the same consultation speaks on its encrypted channel, and the plain name is refused. */
function wireName(name: string, encrypted: boolean): string {
  const channel = parseChannelName(name);
  return channel?.family === "consultation" ? consultationChannel(channel.consultationId, encrypted) : name;
}
