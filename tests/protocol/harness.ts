import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import Pusher from "pusher";
import PusherClient from "pusher-js";
import { onTestFinished } from "vitest";
import { type ChannelsServerOptions, startChannelsServer } from "@/lib/embedded/channels/server";
import { RawClient } from "./raw-client";
import { until } from "./until";

export const APP = { appId: "4711", key: "app-key", secret: "app-secret" };

export interface Received {
  event: string;
  data: unknown;
  user_id?: string | undefined;
}

/** A server on a free port that ends with the test, and everybody who talks to it. */
export async function startServer(options: Partial<ChannelsServerOptions> = {}) {
  const problems: string[] = [];
  const server = await startChannelsServer({
    ...APP,
    port: 0,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  onTestFinished(() => server.close());
  const sdk = new Pusher({
    ...APP,
    host: "127.0.0.1",
    port: String(server.port),
    encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString("base64"),
  });

  return {
    ...server,
    problems,
    sdk,
    url: `http://127.0.0.1:${server.port}`,

    /** A browser: the official client, authorised by the official server SDK in the same process. */
    client(userId = "somebody", info: Record<string, unknown> = { name: userId }): PusherClient {
      const client = new PusherClient(APP.key, {
        cluster: "",
        wsHost: "127.0.0.1",
        wsPort: server.port,
        forceTLS: false,
        enabledTransports: ["ws"],
        channelAuthorization: {
          customHandler({ socketId, channelName }, callback) {
            const person = channelName.startsWith("presence-") ? { user_id: userId, user_info: info } : undefined;
            callback(null, sdk.authorizeChannel(socketId, channelName, person));
          },
        },
        userAuthentication: {
          customHandler: ({ socketId }, callback) => callback(null, sdk.authenticateUser(socketId, { id: userId })),
        },
      });
      onTestFinished(() => client.disconnect());
      return client;
    },

    /** A plain WebSocket that has been told its socket id. */
    async raw(): Promise<RawClient> {
      const client = this.dial();
      await client.next("pusher:connection_established");
      return client;
    },

    /** A plain WebSocket, whatever comes of it. */
    dial(path = `/app/${APP.key}?protocol=7&client=test&version=1.0.0`): RawClient {
      const client = new RawClient(`ws://127.0.0.1:${server.port}${path}`);
      onTestFinished(() => client.drop());
      return client;
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof startServer>>;

export async function connected(client: PusherClient): Promise<string> {
  await until("the client to connect", () => client.connection.state === "connected");
  return client.connection.socket_id;
}

/** Everything a client hears on one channel, its own protocol events included. */
export async function listen(client: PusherClient, channelName: string): Promise<Received[]> {
  const received: Received[] = [];
  const channel = client.subscribe(channelName);
  channel.bind_global((event: string, data: unknown) => received.push({ event, data }));
  await until(`an answer to the subscription of ${channelName}`, () => received.length > 0);
  return received;
}

export function eventsNamed(received: readonly Received[], event: string): unknown[] {
  return received.filter((each) => each.event === event).map((each) => each.data);
}

interface WebhookRequest {
  headers: IncomingHttpHeaders;
  rawBody: string;
}

/** Receives webhooks; answers with the statuses given, then with 200. */
export async function startWebhookReceiver(statuses: number[] = []) {
  const requests: WebhookRequest[] = [];
  const receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ headers: request.headers, rawBody: Buffer.concat(chunks).toString() });
    response.writeHead(statuses.shift() ?? 200, { Location: "/elsewhere" }).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhook`;
  return {
    url,
    requests,
    /** Names, channels and people in the order they were told; a repeated request counts again. */
    told(): string[] {
      return requests.flatMap(({ rawBody }) =>
        (JSON.parse(rawBody) as { events: Record<string, string>[] }).events.map(({ name, channel, user_id }) =>
          [name, channel, user_id].filter(Boolean).join(" "),
        ),
      );
    },
  };
}
