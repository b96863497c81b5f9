import { connect, type Socket } from "node:net";
import PusherClient from "pusher-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { APP, connected, listen, startServer, type TestServer } from "./harness";
import { RawClient } from "./raw-client";
import { until } from "./until";

describe("E6 connecting", () => {
  test("the official client connects and gets a socket id of the form digits.digits", async () => {
    const server = await startServer();
    expect(await connected(server.client())).toMatch(/^\d+\.\d+$/);
  });

  test("connection_established carries JSON text with the socket id and an activity timeout of 120 s or less", async () => {
    const server = await startServer();
    const { data } = await server.dial().next("pusher:connection_established");
    expect(typeof data).toBe("string");
    const { socket_id, activity_timeout } = JSON.parse(String(data));
    expect(socket_id).toMatch(/^\d+\.\d+$/);
    expect(activity_timeout).toBe(30);
  });

  test("no two sockets share an id", async () => {
    const server = await startServer();
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await server.raw()).socketId));
    expect(new Set(ids).size).toBe(20);
  });

  test.each([
    ["an unknown key", "/app/other-key?protocol=7", 4001],
    ["a key that only begins like ours", `/app/${APP.key}x?protocol=7`, 4001],
    ["another path", `/ws/${APP.key}?protocol=7`, 4005],
    ["a path below the key", `/app/${APP.key}/more?protocol=7`, 4005],
    ["no key", "/app/?protocol=7", 4005],
    ["the REST path", `/apps/${APP.appId}/events?protocol=7`, 4005],
    ["two slashes", "//?protocol=7", 4005],
    ["a protocol that is not a number", `/app/${APP.key}?protocol=seven`, 4006],
    ["a malformed library version", `/app/${APP.key}?protocol=7&version=../8`, 4006],
    ["a protocol from the future", `/app/${APP.key}?protocol=8`, 4007],
    ["a protocol no longer spoken", `/app/${APP.key}?protocol=3`, 4007],
    ["no protocol", `/app/${APP.key}`, 4008],
  ])("%s is refused with its own close code (%s: %i)", async (_what, path, code) => {
    const server = await startServer();
    const client = server.dial(path);
    expect(await client.closeCode()).toBe(code);
    expect(client.messages).toEqual([{ event: "pusher:error", data: { code, message: expect.stringMatching(/.+/) } }]);
  });

  test("the official client gives up on an unknown key and says why", async () => {
    const server = await startServer();
    const errors: { data?: { code?: number } }[] = [];
    const client = new PusherClient("other-key", {
      cluster: "",
      wsHost: "127.0.0.1",
      wsPort: server.port,
      forceTLS: false,
      enabledTransports: ["ws"],
    });
    onTestFinished(() => client.disconnect());
    client.connection.bind("error", ({ error }: { error: { data?: { code?: number } } }) => errors.push(error));
    await until("the client to give up", () => client.connection.state === "disconnected");
    expect(errors[0]?.data?.code).toBe(4001);
  });

  test("K3 ATK17 a flood of sockets ends at the limit with 4004, those inside go on", async () => {
    const server = await startServer({ limits: { connections: 3 } });
    const inside = [await server.raw(), await server.raw(), await server.raw()];
    expect(await server.dial().closeCode()).toBe(4004);
    for (const client of inside) expect(await client.settle()).toEqual([]);
    inside[0]?.drop();
    // The place is free once the server has seen it go.
    const room = async (): Promise<void> => {
      const client = server.dial();
      await until("an answer", () => client.messages.length > 0);
      if (client.messages[0]?.event !== "pusher:connection_established") return room();
    };
    await room();
  });

  test("S6 ATK17 one address has so many sockets, another is not held up by it", async () => {
    const server = await startServer({ limits: { connectionsPerAddress: 2 } });
    const path = `/app/${APP.key}?protocol=7`;
    const from = (localAddress: string) => {
      const client = new RawClient(`ws://127.0.0.1:${server.port}${path}`, { localAddress });
      onTestFinished(() => client.drop());
      return client;
    };
    const inside = [from("127.0.0.5"), from("127.0.0.5")];
    for (const client of inside) await client.next("pusher:connection_established");
    expect(await from("127.0.0.5").closeCode()).toBe(4004);
    await from("127.0.0.6").next("pusher:connection_established");
    for (let i = 0; i < 3; i += 1) await server.raw();
    inside[0]?.drop();
    const room = async (): Promise<void> => {
      const client = from("127.0.0.5");
      await until("an answer", () => client.messages.length > 0);
      if (client.messages[0]?.event !== "pusher:connection_established") return room();
    };
    await room();
  });

  test("ATK17 with authorised connections a socket that proves nothing in time is closed with 4009, others stay", async () => {
    const server = await startServer({ authorizedConnections: true, timings: { authorizeWithinMs: 1_000 } });
    const idle = await server.raw();
    idle.subscribe("public-room");
    const subscribed = await server.raw();
    subscribed.subscribe("private-room", server.sdk.authorizeChannel(subscribed.socketId, "private-room"));
    const signedIn = await server.raw();
    signedIn.send({ event: "pusher:signin", data: server.sdk.authenticateUser(signedIn.socketId, { id: "ada" }) });
    await Promise.all([subscribed.settle(), signedIn.settle()]);
    expect(await idle.closeCode()).toBe(4009);
    expect([subscribed.closed, signedIn.closed]).toEqual([null, null]);
  });

  test("by default a socket may stay without proving anything", async () => {
    const server = await startServer({ timings: { authorizeWithinMs: 20, activityTimeoutMs: 40 } });
    const client = await server.raw();
    // The first ping comes later than the time in which proof would have been asked for.
    await client.next("pusher:ping");
    expect(client.closed).toBeNull();
  });
});

describe("E6 staying alive", () => {
  test("a ping is answered with a pong", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.send({ event: "pusher:ping", data: {} });
    await client.next("pusher:pong");
  });

  test("F7 a silent socket is pinged, then closed with 4201 and gone from its rooms", async () => {
    const server = await startServer({ timings: { activityTimeoutMs: 40, pongTimeoutMs: 60 } });
    const client = await server.raw();
    client.subscribe("room");
    expect(await client.closeCode()).toBe(4201);
    const heard = client.messages.map(({ event }) => event);
    expect(heard).toEqual(expect.arrayContaining(["pusher_internal:subscription_succeeded", "pusher:ping"]));
    const { channels } = (await (await server.sdk.get({ path: "/channels" })).json()) as { channels: unknown };
    expect(channels).toEqual({});
  });

  test("F7 a socket that answers its pings stays for ever", async () => {
    const server = await startServer({ timings: { activityTimeoutMs: 20, pongTimeoutMs: 10_000 } });
    const client = await server.raw();
    for (let round = 0; round < 5; round += 1) {
      await client.next("pusher:ping");
      client.send({ event: "pusher:pong", data: {} });
    }
    expect(client.closed).toBeNull();
  });

  test("F7 a peer that does not even answer the close frame is cut", async () => {
    const server = await startServer({ timings: { activityTimeoutMs: 30, pongTimeoutMs: 30, closeGraceMs: 30 } });
    // A TCP client that completes the handshake and then says nothing more, whatever it is sent.
    const socket = connect(server.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let ended = false;
    socket.on("close", () => {
      ended = true;
    });
    socket.resume();
    socket.write(upgradeRequest());
    await until("the server to cut the connection", () => ended);
  });

  /** A TCP client that enters a presence channel by hand, and then does as it likes with the connection. */
  async function present(server: TestServer, userId: string): Promise<Socket> {
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    let heard = "";
    socket.on("data", (data) => {
      heard += data.toString("latin1");
    });
    socket.write(upgradeRequest());
    await until("the socket id", () => /"socket_id\\":\\"[\d.]+/.test(heard));
    const socketId = /"socket_id\\":\\"([\d.]+)/.exec(heard)?.[1] ?? "";
    const data = {
      channel: "presence-room",
      ...server.sdk.authorizeChannel(socketId, "presence-room", { user_id: userId }),
    };
    socket.write(clientFrame(0x1, JSON.stringify({ event: "pusher:subscribe", data })));
    await until("the channel", () => heard.includes("subscription_succeeded"));
    return socket;
  }
  const occupants = async (server: TestServer): Promise<unknown> => {
    const { users } = (await (await server.sdk.get({ path: "/channels/presence-room/users" })).json()) as {
      users: unknown;
    };
    return users;
  };

  test.each([
    ["its close frame", (socket: Socket) => socket.write(clientFrame(0x8, "\x03\xe8"))],
    ["a close frame without a code", (socket: Socket) => socket.write(clientFrame(0x8, ""))],
    ["bytes that are no frame", (socket: Socket) => socket.write(Buffer.alloc(16, 0xff))],
    ["the end of its TCP side", (socket: Socket) => socket.end()],
  ])("K1 a peer that sends %s and keeps TCP open has left, and TCP is ended soon", async (_what, leave) => {
    const server = await startServer({ timings: { closeGraceMs: 60 } });
    const watcher = await server.raw();
    watcher.subscribe(
      "presence-room",
      server.sdk.authorizeChannel(watcher.socketId, "presence-room", { user_id: "ben" }),
    );
    const socket = await present(server, "ada");
    let ended = false;
    socket.on("close", () => {
      ended = true;
    });
    // Nothing that waits to be read here may hold anything up.
    socket.pause();
    leave(socket);
    await until("the leaving", () => watcher.messages.some(({ event }) => event === "pusher_internal:member_removed"));
    expect(await occupants(server)).toEqual([{ id: "ben" }]);
    socket.resume();
    await until("the server to cut the connection", () => ended || socket.readableEnded);
  });

  test("K1 two clients that disconnect are not counted by the next question", async () => {
    const server = await startServer();
    const clients = [server.client("ada"), server.client("ben")];
    for (const client of clients) await listen(client, "presence-room");
    for (const client of clients) client.disconnect();
    expect(await occupants(server)).toEqual([]);
  });

  test("S6 a socket that says too much is cut with 4100, whatever it says; its neighbour goes on", async () => {
    const server = await startServer({
      limits: { inbound: { atOnce: 50, perSecond: 1 } },
      timings: { closeGraceMs: 50 },
    });
    const neighbour = await server.raw();
    const floods: ((client: RawClient) => void)[] = [
      ({ socket }) => socket.send("junk"),
      ({ socket }) => socket.ping(),
      ({ socket }) => socket.pong(),
      (client) => client.send({ event: "pusher:ping" }),
      (client) => client.subscribe("private-room", { auth: "x" }),
    ];
    for (const flood of floods) {
      const client = await server.raw();
      for (let index = 0; index < 100; index += 1) flood(client);
      expect(await client.closeCode()).toBe(4100);
      const answers = client.messages.filter(({ event }) => event !== "pusher:connection_established");
      expect(answers.length).toBeLessThanOrEqual(51);
    }
    expect(await neighbour.settle()).toEqual([]);
  });

  test("S6 large messages count for more, and one message cannot be cut into countless frames", async () => {
    const server = await startServer({
      limits: { inbound: { atOnce: 50, perSecond: 1 } },
      timings: { closeGraceMs: 50 },
    });
    const large = await server.raw();
    for (let index = 0; index < 4; index += 1) large.socket.send("x".repeat(60_000));
    expect(await large.closeCode()).toBe(4100);
    const frames = await server.raw();
    for (let index = 0; index < 20; index += 1) frames.socket.send("x", { fin: false });
    expect(await frames.closeCode()).toBe(1008);
  });

  test("S6 with authorised connections a socket that proved nothing may say less", async () => {
    const limits = { inboundUnauthorized: { atOnce: 5, perSecond: 1 } };
    const server = await startServer({ authorizedConnections: true, limits, timings: { closeGraceMs: 50 } });
    const known = await server.raw();
    known.send({ event: "pusher:signin", data: server.sdk.authenticateUser(known.socketId, { id: "ada" }) });
    await known.next("pusher:signin_success");
    for (let index = 0; index < 20; index += 1) known.subscribe(`room-${index}`);
    expect(await known.settle()).toHaveLength(20);
    const stranger = await server.raw();
    for (let index = 0; index < 20; index += 1) stranger.subscribe(`room-${index}`);
    expect(await stranger.closeCode()).toBe(4100);
  });

  test("S6 every channel of a socket may be entered at once by what it may say", async () => {
    const server = await startServer();
    const client = await server.raw();
    for (let index = 0; index < 1_000; index += 1) client.subscribe(`room-${index}`);
    expect(await client.settle()).toHaveLength(1_000);
  });

  test("a reader too slow for its room is cut, the others miss nothing", async () => {
    const server = await startServer({ limits: { bufferedBytes: 100_000 } });
    const fast = await server.raw();
    fast.subscribe("room");
    await fast.next("pusher_internal:subscription_succeeded");
    const slow = await server.raw();
    slow.subscribe("room");
    await slow.next("pusher_internal:subscription_succeeded");
    slow.socket.pause();

    const data = "x".repeat(10_000);
    let sent = 0;
    const subscribers = async () => {
      const answer = await server.sdk.get({ path: "/channels/room", params: { info: "subscription_count" } });
      return ((await answer.json()) as { subscription_count?: unknown }).subscription_count;
    };
    while ((await subscribers()) === 2 && sent < 5_000) {
      const batch = Array.from({ length: 10 }, () => ({ channel: "room", name: "filler", data: `${sent++}:${data}` }));
      await server.sdk.triggerBatch(batch);
    }
    expect(await subscribers()).toBe(1);
    await until("the fast reader to have everything", () => fast.messages.length >= sent + 2);
    const order = fast.messages
      .filter(({ event }) => event === "filler")
      .map((each) => Number.parseInt(String(each.data), 10));
    expect(order).toEqual(Array.from({ length: sent }, (_, index) => index));
  });
});

describe("E6 malformed messages are answered and the connection goes on", () => {
  test.each([
    ["no JSON", "{"],
    ["an empty message", ""],
    ["a JSON number", "5"],
    ["null", "null"],
    ["a list", "[]"],
    ["no event", "{}"],
    ["an event that is not a string", '{"event":{}}'],
    ["an unknown protocol event", '{"event":"pusher:shutdown","data":{}}'],
    ["a protocol event of the server", '{"event":"pusher_internal:member_added","channel":"room","data":"{}"}'],
    ["an event without the client- prefix", '{"event":"new-message","channel":"private-room","data":"{}"}'],
    ["subscribing to nothing", '{"event":"pusher:subscribe"}'],
    ["subscribing to a number", '{"event":"pusher:subscribe","data":{"channel":5}}'],
    ["subscribing with a list", '{"event":"pusher:subscribe","data":["room"]}'],
    ["unsubscribing from nothing", '{"event":"pusher:unsubscribe","data":null}'],
    ["leaving a channel never entered", '{"event":"pusher:unsubscribe","data":{"channel":"room"}}'],
    ["a key named __proto__", '{"__proto__":{"event":"pusher:ping"}}'],
  ])("%s", async (_what, text) => {
    const server = await startServer();
    const client = await server.raw();
    client.socket.send(text);
    await expect(client.next("pusher:error")).resolves.toMatchObject({ data: { code: null } });
    expect(await client.settle()).toEqual([]);
  });

  test("a message too deep to be written again", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("private-room", server.sdk.authorizeChannel(client.socketId, "private-room"));
    await client.settle();
    const data = "[".repeat(30_000) + "]".repeat(30_000);
    client.socket.send(`{"event":"client-typing","channel":"private-room","data":${data}}`);
    await client.next("pusher:error");
    expect(await client.settle()).toEqual([]);
  });

  test("a binary message", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.socket.send(Buffer.from('{"event":"pusher:ping"}'), { binary: true });
    await client.next("pusher:error");
    expect(await client.settle()).toEqual([]);
  });

  test("a message beyond the frame limit ends only its own connection, with 1009", async () => {
    const server = await startServer();
    const [client, other] = [await server.raw(), await server.raw()];
    client.send({ event: "client-large", channel: "private-room", data: "x".repeat(70_000) });
    expect(await client.closeCode()).toBe(1009);
    expect(await other.settle()).toEqual([]);
  });

  test("bytes that are no WebSocket frame end only their own connection", async () => {
    const server = await startServer();
    const other = await server.raw();
    const socket = connect(server.port, "127.0.0.1");
    let ended = false;
    socket.on("error", () => {});
    socket.on("close", () => {
      ended = true;
    });
    socket.resume();
    socket.write(upgradeRequest());
    socket.write(Buffer.alloc(64, 0xff));
    await until("the server to end it", () => ended);
    expect(await other.settle()).toEqual([]);
  });
});

describe("E6 closing the server", () => {
  test("every socket is told to come back later (4100) and the port is free again", async () => {
    const server = await startServer();
    const clients = await Promise.all([server.raw(), server.raw()]);
    await server.close();
    expect(await Promise.all(clients.map((client) => client.closeCode()))).toEqual([4100, 4100]);
    const again = await startServer({ port: server.port });
    expect(again.port).toBe(server.port);
  });

  test("the official client comes back to the next server and to its channels", async () => {
    const server = await startServer();
    const client = server.client();
    let subscriptions = 0;
    client.subscribe("room").bind("pusher:subscription_succeeded", () => {
      subscriptions += 1;
    });
    await until("the first subscription", () => subscriptions === 1);
    await server.close();
    await startServer({ port: server.port });
    await until("the second subscription", () => subscriptions === 2);
  });

  test("a taken port is reported, not hidden", async () => {
    const server = await startServer();
    await expect(startServer({ port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("closing twice is closing once", async () => {
    const server = await startServer();
    await Promise.all([server.close(), server.close()]);
  });
});

function upgradeRequest(): string {
  return [
    `GET /app/${APP.key}?protocol=7 HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");
}

/** A frame as a client sends it: masked, with a mask of zeros. */
function clientFrame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text, "latin1");
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), payload]);
}
