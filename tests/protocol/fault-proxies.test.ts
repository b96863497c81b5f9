import { createServer } from "node:http";
import Pusher from "pusher";
import PusherClient from "pusher-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChannelsServer, startChannelsServer } from "@/lib/embedded/channels/server";
import { type ChannelsProxy, startChannelsProxy } from "@/tests/support/faults/channels-proxy";
import { startHttpProxy } from "@/tests/support/faults/http-proxy";
import { listenAnywhere } from "@/tests/support/faults/listen";

interface Complaint {
  data?: { code: number };
  error?: { data?: { code: number } };
}

const APP = { appId: "1", key: "fault-key", secret: "fault-secret" };

describe("the Channels proxy", () => {
  let server: ChannelsServer;
  let proxy: ChannelsProxy;
  let publisher: Pusher;
  const clients: PusherClient[] = [];
  beforeEach(async () => {
    server = await startChannelsServer({ ...APP, port: 0 });
    proxy = await startChannelsProxy({ port: server.port, seed: 7 });
    publisher = new Pusher({ ...APP, host: "127.0.0.1", port: `${proxy.port}`, useTLS: false, timeout: 1_000 });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await proxy.close();
    await server.close();
  });

  function connect(): PusherClient {
    const options = { cluster: "", wsHost: "127.0.0.1", wsPort: proxy.port, forceTLS: false, disableStats: true };
    const client = new PusherClient(APP.key, { ...options, enabledTransports: ["ws"] });
    clients.push(client);
    return client;
  }

  async function listen(): Promise<number[]> {
    const seen: number[] = [];
    const channel = connect().subscribe("room");
    channel.bind("tick", ({ n }: { n: number }) => seen.push(n));
    await new Promise<void>((resolve) => channel.bind("pusher:subscription_succeeded", () => resolve()));
    return seen;
  }

  const tick = async (count: number) => {
    for (let n = 0; n < count; n++) await publisher.trigger("room", "tick", { n });
  };
  /** Code of the first error; one at the handshake comes wrapped. */
  const codes = (client: PusherClient) =>
    new Promise<number | undefined>((resolve) => {
      client.connection.bind("error", (error: Complaint) => resolve((error.data ?? error.error?.data)?.code));
    });

  it("F3 drops by seed, and all of them when told so", async () => {
    const seen = await listen();
    const end = proxy.frames({ drop: 0.5 });
    await tick(20);
    end();
    await tick(1);
    await expect.poll(() => seen.at(-1)).toBe(0);
    expect(seen.length - 1).toBe(20 - proxy.counts.dropped);
    expect(proxy.counts.dropped).toBeGreaterThan(3);
  });

  it("F5 doubles", async () => {
    const seen = await listen();
    proxy.frames({ double: 1, copies: 5 });
    await tick(2);
    await expect.poll(() => seen).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  });

  it("F6 shuffles a window and loses none", async () => {
    const seen = await listen();
    const end = proxy.frames({ shuffle: 1, window: 50, windowMs: 60_000 });
    await tick(12);
    await expect.poll(() => proxy.counts.shuffled).toBe(12);
    expect(seen).toEqual([]);
    end();
    await expect.poll(() => [...seen].sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
    expect(seen).not.toEqual([...Array(12).keys()]);
  });

  it("F7 a black hole carries nothing and ends nothing", async () => {
    const seen = await listen();
    const end = proxy.blackHole();
    await tick(2);
    end();
    expect(clients[0]?.connection.state).toBe("connected");
    const later = await listen();
    await tick(1);
    await expect.poll(() => later).toEqual([0]);
    expect(seen).toEqual([]);
  });

  it("F10 closes with a code, and refuses with one", async () => {
    await listen();
    const closed = codes(clients[0] as PusherClient);
    proxy.closeSockets(4200);
    expect(await closed).toBe(4200);
    proxy.refuse(4004);
    expect(await codes(connect())).toBe(4004);
  });

  it("F1 fails the REST API and shows each publish before and after it is done", async () => {
    const seen = await listen();
    const order: string[] = [];
    proxy.onPublish({
      before: ({ events }) => void order.push(`before ${events[0]?.name}`),
      after: async ({ events }) => {
        await expect.poll(() => seen.length).toBe(1);
        order.push(`after ${events[0]?.channel}`);
      },
    });
    await tick(1);
    expect(order).toEqual(["before tick", "after room"]);
    const end = proxy.rest({ action: { status: 503 } });
    await expect(tick(1)).rejects.toMatchObject({ status: 503 });
    end();
    proxy.rest({ action: "hang" });
    await expect(tick(1)).rejects.toThrow();
  });
});

describe("the HTTP proxy", () => {
  it("F22 forwards, fails, drops the answer, and says nothing, by path", async () => {
    const asked: string[] = [];
    const app = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end(`${request.headers.host} ${request.url}`);
    });
    const proxy = await startHttpProxy({ port: await listenAnywhere(app) });
    const get = (path: string) => fetch(`${proxy.baseUrl}${path}`).then((answer) => answer.text());
    try {
      expect(await get("/a")).toBe(`127.0.0.1:${proxy.port} /a`);
      const ends = [
        proxy.rule({ match: ({ path }) => path === "/dropped", action: "drop-answer" }),
        proxy.rule({ match: ({ path }) => path === "/failed", times: 1, action: { status: 500, body: "no" } }),
      ];
      await expect(get("/dropped")).rejects.toThrow();
      expect(await get("/failed")).toBe("no");
      expect(await get("/failed")).toContain("/failed");
      for (const end of ends) end();
      expect(await get("/dropped")).toContain("/dropped");
      expect(asked).toEqual(["/a", "/dropped", "/failed", "/dropped"]);
      const end = proxy.blackHole();
      const silent = get("/silent");
      const first = await Promise.race([silent, new Promise((resolve) => setTimeout(resolve, 200, "nothing"))]);
      expect(first).toBe("nothing");
      end();
      await expect(silent).rejects.toThrow();
    } finally {
      await proxy.close();
      app.closeAllConnections();
      await new Promise((resolve) => app.close(resolve));
    }
  });
});
