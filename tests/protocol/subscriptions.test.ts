import { createHmac } from "node:crypto";
import PusherClient from "pusher-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { APP, connected, eventsNamed, listen, startServer, type TestServer } from "./harness";
import type { RawClient } from "./raw-client";
import { until } from "./until";

const SUCCEEDED = "pusher_internal:subscription_succeeded";
const REFUSED = "pusher:subscription_error";

async function enter(server: TestServer, client: RawClient, channel: string, person?: { user_id: string }) {
  client.subscribe(channel, server.sdk.authorizeChannel(client.socketId, channel, person));
  return client.next(SUCCEEDED);
}

describe("E6 public channels", () => {
  test("an event reaches the subscribers of its channel and nobody else", async () => {
    const server = await startServer();
    const inside = await listen(server.client(), "room");
    const outside = await listen(server.client(), "other-room");
    await server.sdk.trigger("room", "greeting", { text: "grüß dich" });
    await server.sdk.trigger("other-room", "end", {});
    await until("both events", () => inside.length === 2 && outside.length === 2);
    expect(inside[1]).toEqual({ event: "greeting", data: { text: "grüß dich" } });
    expect(eventsNamed(outside, "greeting")).toEqual([]);
  });

  test("after unsubscribing nothing more arrives", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("room");
    await client.next(SUCCEEDED);
    client.send({ event: "pusher:unsubscribe", data: { channel: "room" } });
    expect(await client.settle()).toEqual([]);
    await server.sdk.trigger("room", "greeting", {});
    expect(await client.settle()).toEqual([]);
  });

  test("a second subscription of the same socket is refused and doubles nothing", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("room");
    await client.next(SUCCEEDED);
    client.subscribe("room");
    await client.next("pusher:error");
    await server.sdk.trigger("room", "greeting", {});
    expect(await client.settle()).toHaveLength(1);
  });

  test.each([
    ["empty", ""],
    ["with a space", "two words"],
    ["with a newline", "room\n"],
    ["with a slash", "room/1"],
    ["with a colon", "private:room"],
    ["K3 of 165 characters", "x".repeat(165)],
    ["of markup", "<b>"],
  ])("a name %s is refused", async (_what, name) => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe(name);
    await client.next("pusher:error");
    const { channels } = (await (await server.sdk.get({ path: "/channels" })).json()) as { channels: unknown };
    expect(channels).toEqual({});
  });

  test("K3 a name of 164 of all allowed characters is accepted", async () => {
    const server = await startServer();
    const name = `room${"aZ9_-=@,.;".repeat(16)}`;
    const received = await listen(server.client(), name);
    await server.sdk.trigger(name, "greeting", {});
    await until("the event", () => eventsNamed(received, "greeting").length === 1);
  });

  test("a connection enters its number of channels and no more", async () => {
    const server = await startServer({ limits: { subscriptionsPerConnection: 2 } });
    const client = await server.raw();
    for (const name of ["one", "two"]) {
      client.subscribe(name);
      await client.next(SUCCEEDED);
    }
    client.subscribe("three");
    await expect(client.next(REFUSED)).resolves.toMatchObject({ channel: "three", data: { type: "LimitReached" } });
  });
});

describe("E6 private channels", () => {
  test("the official client enters with a signature of the official server SDK", async () => {
    const server = await startServer();
    const received = await listen(server.client(), "private-room");
    expect(received[0]?.event).toBe("pusher:subscription_succeeded");
    await server.sdk.trigger("private-room", "greeting", { text: "hello" });
    await until("the event", () => eventsNamed(received, "greeting").length === 1);
  });

  const forgeries: [string, (socketId: string) => Record<string, unknown>][] = [
    ["no signature", () => ({})],
    ["an empty signature", () => ({ auth: "" })],
    ["a signature that is no text", () => ({ auth: { length: 72 } })],
    ["a signature made with a guessed secret", (id) => ({ auth: `${APP.key}:${hmac("guess", `${id}:private-room`)}` })],
    ["a right signature under another key", (id) => ({ auth: `other:${hmac(APP.secret, `${id}:private-room`)}` })],
    ["a signature for another channel", (id) => ({ auth: `${APP.key}:${hmac(APP.secret, `${id}:private-other`)}` })],
    [
      "a signature in capitals",
      (id) => ({ auth: `${APP.key}:${hmac(APP.secret, `${id}:private-room`).toUpperCase()}` }),
    ],
    [
      "channel_data that was not signed",
      (id) => ({ auth: `${APP.key}:${hmac(APP.secret, `${id}:private-room`)}`, channel_data: "{}" }),
    ],
  ];
  test.each(forgeries)("%s is refused with 401 and hears nothing", async (_what, forge) => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("private-room", forge(client.socketId));
    await expect(client.next(REFUSED)).resolves.toMatchObject({
      channel: "private-room",
      data: { type: "AuthError", status: 401 },
    });
    await server.sdk.trigger("private-room", "secret", { text: "not for you" });
    expect(await client.settle()).toEqual([]);
  });

  test("ATK9 a captured authorisation is refused on another socket", async () => {
    const server = await startServer();
    const [victim, thief] = [await server.raw(), await server.raw()];
    const captured = server.sdk.authorizeChannel(victim.socketId, "private-room");
    thief.subscribe("private-room", captured);
    await thief.next(REFUSED);
    victim.subscribe("private-room", captured);
    await victim.next(SUCCEEDED);
    await server.sdk.trigger("private-room", "secret", {});
    expect(await thief.settle()).toEqual([]);
  });

  test("the official client reports a refusal of the server on the channel", async () => {
    const server = await startServer();
    const client = server.client();
    await connected(client);
    const errors: { status?: number }[] = [];
    client.config.channelAuthorizer = (_request, callback) => callback(null, { auth: `${APP.key}:forged` });
    client
      .subscribe("private-room")
      .bind("pusher:subscription_error", (error: { status?: number }) => errors.push(error));
    await until("the refusal", () => errors.length > 0);
    expect(errors[0]?.status).toBe(401);
    expect(client.connection.state).toBe("connected");
  });

  test("encrypted channels pass opaque data that the official client decrypts", async () => {
    const server = await startServer();
    const received = await listen(server.client(), "private-encrypted-room");
    const spy = await server.raw();
    const { auth } = server.sdk.authorizeChannel(spy.socketId, "private-encrypted-room");
    spy.subscribe("private-encrypted-room", { auth });
    await spy.next(SUCCEEDED);
    await server.sdk.trigger("private-encrypted-room", "greeting", { text: "between us" });
    await until("the event", () => eventsNamed(received, "greeting").length === 1);
    expect(eventsNamed(received, "greeting")).toEqual([{ text: "between us" }]);
    const [onTheWire] = await spy.settle();
    expect(Object.keys(JSON.parse(String(onTheWire?.data))).sort()).toEqual(["ciphertext", "nonce"]);
  });
});

describe("E6 presence channels", () => {
  test("everybody sees who is there, who comes and who goes", async () => {
    const server = await startServer();
    const [ada, ben] = [server.client("ada", { name: "Ada" }), server.client("ben", { name: "Ben" })];
    const room = "presence-room";
    const heard = await listen(ada, room);
    expect(ada.channel(room)).toMatchObject({
      members: { count: 1, myID: "ada", me: { id: "ada", info: { name: "Ada" } } },
    });
    await listen(ben, room);
    expect(ben.channel(room)).toMatchObject({
      members: { count: 2, members: { ada: { name: "Ada" }, ben: { name: "Ben" } } },
    });
    await until("the arrival", () => eventsNamed(heard, "pusher:member_added").length === 1);
    expect(eventsNamed(heard, "pusher:member_added")).toEqual([{ id: "ben", info: { name: "Ben" } }]);
    ben.disconnect();
    await until("the leaving", () => eventsNamed(heard, "pusher:member_removed").length === 1);
    expect(eventsNamed(heard, "pusher:member_removed")).toEqual([{ id: "ben", info: { name: "Ben" } }]);
  });

  test("a person with several sockets comes once and goes once", async () => {
    const server = await startServer();
    const room = "presence-room";
    const watcher = await server.raw();
    await enter(server, watcher, room, { user_id: "watcher" });
    const [first, second] = [await server.raw(), await server.raw()];
    await enter(server, first, room, { user_id: "ada" });
    const succeeded = await enter(server, second, room, { user_id: "ada" });
    expect(JSON.parse(String(succeeded.data)).presence).toEqual({
      count: 2,
      ids: ["watcher", "ada"],
      hash: { watcher: null, ada: null },
    });
    first.send({ event: "pusher:unsubscribe", data: { channel: room } });
    await first.settle();
    expect((await watcher.settle()).map(({ event }) => event)).toEqual(["pusher_internal:member_added"]);
    second.drop();
    await expect(watcher.next("pusher_internal:member_removed")).resolves.toMatchObject({ data: '{"user_id":"ada"}' });
    expect(await second.messages.filter(({ event }) => event === "pusher_internal:member_added")).toEqual([]);
  });

  test("the 101st person is refused, a second socket of the 100th is not", async () => {
    const server = await startServer();
    const room = "presence-room";
    const clients = await Promise.all(Array.from({ length: 102 }, () => server.raw()));
    for (const [index, client] of clients.entries()) {
      const user_id = `person-${Math.min(index, 100)}`;
      if (index < 100) await enter(server, client, room, { user_id });
    }
    const [late, tab] = clients.slice(100);
    if (!late || !tab) throw new Error("102 clients were made");
    late.subscribe(room, server.sdk.authorizeChannel(late.socketId, room, { user_id: "person-100" }));
    await expect(late.next(REFUSED)).resolves.toMatchObject({ data: { type: "LimitReached", status: 4004 } });
    const succeeded = await enter(server, tab, room, { user_id: "person-99" });
    expect(JSON.parse(String(succeeded.data)).presence.count).toBe(100);
  });

  const people: [string, unknown, boolean][] = [
    ["an id of 128 characters", { user_id: "x".repeat(128) }, true],
    ["an id of 129 characters", { user_id: "x".repeat(129) }, false],
    ["an info of 1,024 bytes", { user_id: "ada", user_info: "x".repeat(1_022) }, true],
    ["an info of 1,025 bytes", { user_id: "ada", user_info: "x".repeat(1_023) }, false],
    ["an info of 1,026 bytes in 514 characters", { user_id: "ada", user_info: "ü".repeat(512) }, false],
    ["a number as id", { user_id: 7 }, true],
    ["no id", { user_info: {} }, false],
    ["an empty id", { user_id: "" }, false],
    ["an object as id", { user_id: {} }, false],
    ["the id __proto__", { user_id: "__proto__" }, true],
  ];
  test.each(people)("a person with %s", async (_what, person, admitted) => {
    const server = await startServer();
    const client = await server.raw();
    const channel_data = JSON.stringify(person);
    const auth = `${APP.key}:${hmac(APP.secret, `${client.socketId}:presence-room:${channel_data}`)}`;
    client.subscribe("presence-room", { auth, channel_data });
    const answer = await client.next(admitted ? SUCCEEDED : REFUSED);
    if (admitted) expect(JSON.parse(String(answer.data)).presence.count).toBe(1);
    else expect(answer).toMatchObject({ data: { type: "InvalidChannelData", status: 400 } });
  });

  test("K2 a signed subscription without a person is refused while the socket is not signed in", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("presence-room", server.sdk.authorizeChannel(client.socketId, "presence-room"));
    await expect(client.next(REFUSED)).resolves.toMatchObject({ data: { type: "InvalidChannelData", status: 400 } });
  });

  test("K2 after the sign-in the person of a presence channel may be left out: it is whoever signed in", async () => {
    const server = await startServer();
    const client = new PusherClient(APP.key, {
      cluster: "",
      wsHost: "127.0.0.1",
      wsPort: server.port,
      forceTLS: false,
      enabledTransports: ["ws"],
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, callback) =>
          callback(null, server.sdk.authorizeChannel(socketId, channelName)),
      },
      userAuthentication: {
        customHandler: ({ socketId }, callback) =>
          callback(null, server.sdk.authenticateUser(socketId, { id: "ada", user_info: { name: "Ada" } })),
      },
    });
    onTestFinished(() => client.disconnect());
    client.signin();
    const heard = await listen(client, "presence-room");
    expect(heard[0]).toMatchObject({ event: "pusher:subscription_succeeded", data: { count: 1, myID: "ada" } });
    const { users } = (await (await server.sdk.get({ path: "/channels/presence-room/users" })).json()) as {
      users: unknown;
    };
    expect(users).toEqual([{ id: "ada" }]);
    const watcher = await server.raw();
    const succeeded = await enter(server, watcher, "presence-room", { user_id: "ben" });
    expect(JSON.parse(String(succeeded.data)).presence.hash).toEqual({ ada: { name: "Ada" }, ben: null });
  });

  test("K2 what somebody signed in with is held to the limits of a person, and a person that is named goes first", async () => {
    const server = await startServer();
    const client = await server.raw();
    const user = { id: "ada", user_info: { name: "x".repeat(1_024) } };
    client.send({ event: "pusher:signin", data: server.sdk.authenticateUser(client.socketId, user) });
    await client.next("pusher:signin_success");
    client.subscribe("presence-room", server.sdk.authorizeChannel(client.socketId, "presence-room"));
    await expect(client.next(REFUSED)).resolves.toMatchObject({ data: { type: "InvalidChannelData", status: 400 } });
    const succeeded = await enter(server, client, "presence-room", { user_id: "named" });
    expect(JSON.parse(String(succeeded.data)).presence.ids).toEqual(["named"]);
  });

  test("ATK13 a person cannot be swapped under a signature", async () => {
    const server = await startServer();
    const client = await server.raw();
    const { auth } = server.sdk.authorizeChannel(client.socketId, "presence-room", { user_id: "ada" });
    client.subscribe("presence-room", { auth, channel_data: JSON.stringify({ user_id: "ben" }) });
    await expect(client.next(REFUSED)).resolves.toMatchObject({ data: { status: 401 } });
  });
});

function hmac(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}
