import { afterAll, beforeAll } from "vitest";
import { type ChannelsServer, startChannelsServer } from "@/lib/embedded/channels/server";
import { authenticateUser, authorizeChannel } from "@/lib/pusher/server";
import { runtime, setRuntime } from "@/lib/runtime";
import { until } from "@/tests/support/processes";
import { connectPusher } from "@/tests/support/pusher-client";

/** Call after useTestRuntime(): starts the built-in Channels server and points the runtime to it. */
export function useTestChannels(): { restart(): Promise<void>; stop(): Promise<void> } {
  let server: ChannelsServer | null = null;
  let port = 0;
  const start = async () => {
    const { appId, key, secret } = runtime().pusher;
    server = await startChannelsServer({ appId, key, secret, port });
    port = server.port;
    setRuntime({ ...runtime(), pusher: { ...runtime().pusher, port }, channelsPort: port });
  };
  const stop = async () => {
    await server?.close();
    server = null;
  };
  beforeAll(start);
  afterAll(async () => {
    await stop();
    port = 0;
  });
  return { restart: start, stop };
}

export interface Listener {
  received: { name: string; data: unknown }[];
  /** Resolves when at least `count` events of the log have arrived. */
  waitFor(count: number): Promise<void>;
  /** That of the socket; "disconnected" when the server has ended it for good. */
  state(): string;
  close(): void;
}

/**
 * Subscribes to a private channel with the official client, signed by the app's own secret. `userId`: the socket is
 * also signed in, as browsers do.
 */
export async function listen(channelName: string, { userId }: { userId?: string } = {}): Promise<Listener> {
  const { key } = runtime().pusher;
  const client = connectPusher(
    key,
    runtime().channelsPort ?? 0,
    async (socketId, channel) => authorizeChannel(socketId, channel),
    async (socketId) => authenticateUser(socketId, userId ?? ""),
  );
  if (userId !== undefined) {
    client.signin();
    await until(() => client.user.user_data?.id === userId, "the sign-in of the socket");
  }
  const received: Listener["received"] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const channel = client.subscribe(channelName);
  await new Promise<void>((resolve, reject) => {
    channel.bind("pusher:subscription_succeeded", () => resolve());
    channel.bind("pusher:subscription_error", reject);
  });
  channel.bind_global((name: string, data: unknown) => {
    if (name.startsWith("pusher:")) return;
    received.push({ name, data });
    for (const wait of waiting) if (received.length >= wait.count) wait.resolve();
  });
  return {
    received,
    waitFor: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    state: () => client.connection.state,
    close: () => client.disconnect(),
  };
}
