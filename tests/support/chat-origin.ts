import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Pusher from "pusher";
import { startChannelsServer } from "@/lib/embedded/channels/server";
import { consultationChannel } from "@/lib/protocol/channels";
import { DEFAULT_PREFERENCES, type Preferences } from "@/lib/protocol/preferences";
import type { User } from "@/lib/protocol/user";
import { ServerModel } from "./sim/server-model";

const APP = { appId: "1", key: "dom-key", secret: "dom-secret" };

/**
 * An origin for browser code in tests: the real built-in Channels server, and in front of it the routes that a page
 * asks, answered by the server model for one signed-in person. `publicPort` is where the page is told to find the
 * Channels server.
 */
export async function startChatOrigin(viewer: User, publicPort = async (port: number) => port) {
  const channels = await startChannelsServer({ ...APP, port: 0 });
  const wsPort = await publicPort(channels.port);
  // No kept connection: one that the server ends while this process is busy would fail the next push.
  const agent = new Agent({ keepAlive: false });
  const pusher = new Pusher({ ...APP, host: "127.0.0.1", port: String(channels.port), useTLS: false, agent });
  const model = new ServerModel();
  const requests: string[] = [];
  let preferences = DEFAULT_PREFERENCES;
  model.onCommit = (event) => void pusher.trigger(consultationChannel(event.consultationId), event.type, event);

  async function answer(request: IncomingMessage): Promise<unknown> {
    const url = new URL(request.url ?? "/", "http://origin");
    const body = await bodyOf(request);
    const form = new URLSearchParams(body);
    requests.push(`${request.method} ${url.pathname} ${form.get("channel_name") ?? ""}`.trim());
    if (url.pathname === "/api/pusher/config") {
      const { key } = APP;
      return { key, cluster: null, wsHost: "127.0.0.1", wsPort, forceTLS: false, encrypted: false };
    }
    if (url.pathname === "/api/pusher/user-auth") {
      return pusher.authenticateUser(form.get("socket_id") ?? "", { id: viewer.id });
    }
    if (url.pathname === "/api/pusher/auth") {
      const channel = form.get("channel_name") ?? "";
      const member = channel.startsWith("presence-") ? { user_id: viewer.id } : undefined;
      return pusher.authorizeChannel(form.get("socket_id") ?? "", channel, member);
    }
    if (url.pathname === "/api/preferences") {
      const change: Partial<Preferences> = body === "" ? {} : JSON.parse(body);
      preferences = { ...preferences, ...change };
      return preferences;
    }
    if (url.pathname === "/api/nachrichten") return accepted(model.send(viewer, JSON.parse(body)));
    if (url.pathname === "/api/consultations") return { consultations: model.listFor(viewer) };
    if (url.pathname.endsWith("/receipts")) return accepted(model.receipt(viewer, JSON.parse(body)));
    if (url.pathname.endsWith("/events")) {
      return model.readEvents({
        after: Number(url.searchParams.get("after")),
        afterAt: url.searchParams.get("afterAt"),
        epoch: url.searchParams.get("epoch") ?? "",
        limit: Number(url.searchParams.get("limit")),
      });
    }
    if (url.pathname.endsWith("/messages")) {
      return model.readMessages({ before: Number(url.searchParams.get("before")), limit: 50 });
    }
    return model.readSnapshot();
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (value) => respond(response, 200, value),
      () => respond(response, 500, null),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    model,
    pusher,
    channels: { key: APP.key, port: channels.port },
    requests,
    count: (line: string) => requests.filter((request) => request === line).length,
    /** Names of the channels that somebody is subscribed to, as the Channels server knows them. */
    async occupied(): Promise<string[]> {
      const answer = await pusher.get({ path: "/channels" });
      const { channels: known } = (await answer.json()) as { channels: Record<string, unknown> };
      return Object.keys(known).filter((name) => !name.startsWith("#"));
    },
    async close() {
      await channels.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function accepted<T>(result: { ok: true; value: T } | { ok: false }): T {
  if (!result.ok) throw new Error("The model refused");
  return result.value;
}

function respond(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}
