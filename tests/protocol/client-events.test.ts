import { describe, expect, test } from "vitest";
import { connected, listen, startServer, type TestServer } from "./harness";
import type { RawClient } from "./raw-client";
import { until } from "./until";

async function pair(server: TestServer, channel: string): Promise<[RawClient, RawClient]> {
  const clients: [RawClient, RawClient] = [await server.raw(), await server.raw()];
  for (const [index, client] of clients.entries()) {
    const person = channel.startsWith("presence-") ? { user_id: index === 0 ? "ada" : "ben" } : undefined;
    const { auth, channel_data } = server.sdk.authorizeChannel(client.socketId, channel, person);
    client.subscribe(channel, { auth, channel_data });
    await client.settle();
  }
  await Promise.all(clients.map((client) => client.settle()));
  return clients;
}

describe("E6 client events", () => {
  test("reach the others with the sender's id on a presence channel, and never the sender", async () => {
    const server = await startServer();
    const [ada, ben] = [server.client("ada"), server.client("ben")];
    await Promise.all([listen(ada, "presence-room"), listen(ben, "presence-room")]);
    const heard: [string, unknown, unknown][] = [];
    for (const [name, client] of [
      ["ada", ada],
      ["ben", ben],
    ] as const) {
      client.channel("presence-room").bind("client-typing", (data: unknown, metadata?: { user_id?: string }) => {
        heard.push([name, data, metadata?.user_id]);
      });
    }
    ada.channel("presence-room").trigger("client-typing", { typing: true });
    await until("the event", () => heard.length > 0);
    ben.channel("presence-room").trigger("client-typing", { typing: false });
    await until("the answer", () => heard.length > 1);
    expect(heard).toEqual([
      ["ben", { typing: true }, "ada"],
      ["ada", { typing: false }, "ben"],
    ]);
  });

  test("carry no sender on a private channel", async () => {
    const server = await startServer();
    const [sender, receiver] = await pair(server, "private-room");
    sender.send({ event: "client-typing", channel: "private-room", data: { typing: true } });
    expect(await receiver.next("client-typing")).toEqual({
      event: "client-typing",
      channel: "private-room",
      data: { typing: true },
    });
    expect(await sender.settle()).toEqual([]);
  });

  test("ATK13 a forged sender is replaced by the signed one", async () => {
    const server = await startServer();
    const [sender, receiver] = await pair(server, "presence-room");
    sender.send({ event: "client-new-message", channel: "presence-room", data: {}, user_id: "ben", socket_id: "1.1" });
    expect(await receiver.next("client-new-message")).toEqual({
      event: "client-new-message",
      channel: "presence-room",
      data: {},
      user_id: "ada",
    });
  });

  test("ATK14 the 11th within a second is rejected with 4301, the connection stays, other connections are free", async () => {
    const server = await startServer();
    const [sender, receiver] = await pair(server, "private-room");
    const flood = 1_000;
    const start = performance.now();
    for (let index = 0; index < flood; index += 1) {
      sender.send({ event: "client-typing", channel: "private-room", data: { index } });
    }
    const answers = await sender.settle();
    const seconds = Math.floor((performance.now() - start) / 1_000) + 1;
    const delivered = await receiver.settle();
    expect(delivered.length).toBeGreaterThanOrEqual(10);
    expect(delivered.length).toBeLessThanOrEqual(10 * seconds);
    expect(delivered.slice(0, 10).map(({ data }) => data)).toEqual(
      Array.from({ length: 10 }, (_, index) => ({ index })),
    );
    expect(answers.length).toBe(flood - delivered.length);
    expect(new Set(answers.map(({ event, data }) => `${event} ${(data as { code: number }).code}`))).toEqual(
      new Set(["pusher:error 4301"]),
    );
    expect(sender.closed).toBeNull();
    const other = await server.raw();
    other.subscribe("private-room", server.sdk.authorizeChannel(other.socketId, "private-room"));
    await other.settle();
    other.send({ event: "client-typing", channel: "private-room", data: "another connection" });
    await expect(receiver.next("client-typing")).resolves.toMatchObject({ data: "another connection" });
  });

  const payloads: [string, unknown][] = [
    ["markup", { text: "<img src=x onerror=alert(1)>" }],
    ["10,240 bytes", "x".repeat(10_240)],
    ["a number where text belongs", 7],
    ["__proto__", JSON.parse('{"__proto__":{"admin":true}}')],
    ["nothing", undefined],
  ];
  test.each(payloads)("ATK15 %s is passed on as opaque data", async (_what, data) => {
    const server = await startServer();
    const [sender, receiver] = await pair(server, "private-room");
    sender.send({ event: "client-typing", channel: "private-room", data });
    const received = await receiver.next("client-typing");
    expect(JSON.stringify(received.data)).toBe(JSON.stringify(data));
  });

  const refused: [string, string, Record<string, unknown>][] = [
    ["on a public channel", "room", { event: "client-typing", channel: "room" }],
    [
      "on an encrypted channel",
      "private-encrypted-room",
      { event: "client-typing", channel: "private-encrypted-room" },
    ],
    ["on a channel not entered", "private-room", { event: "client-typing", channel: "private-other" }],
    ["on no channel", "private-room", { event: "client-typing" }],
    ["on a list of channels", "private-room", { event: "client-typing", channel: ["private-room"] }],
    ["under a server's name", "private-room", { event: "new-message", channel: "private-room" }],
    ["under a name of 201 characters", "private-room", { event: `client-${"x".repeat(194)}`, channel: "private-room" }],
    [
      "ATK15 with 10,241 bytes",
      "private-room",
      { event: "client-typing", channel: "private-room", data: "x".repeat(10_241) },
    ],
  ];
  test.each(refused)("%s are refused and reach nobody", async (_what, channel, message) => {
    const server = await startServer();
    const [sender, receiver] = await pair(server, channel);
    sender.send({ data: {}, ...message });
    await sender.next("pusher:error");
    expect(await sender.settle()).toEqual([]);
    expect(await receiver.settle()).toEqual([]);
  });

  test("ATK18 the public key alone publishes nothing: no socket, no signature, no event", async () => {
    const server = await startServer();
    const received = await listen(server.client(), "private-room");
    const attacker = await server.raw();
    attacker.send({ event: "new-message", channel: "private-room", data: "{}" });
    attacker.send({ event: "client-new-message", channel: "private-room", data: "{}" });
    attacker.send({ event: "pusher_internal:subscription_succeeded", channel: "private-room", data: "{}" });
    expect((await attacker.settle()).map(({ event }) => event)).toEqual(Array(3).fill("pusher:error"));
    await server.sdk.trigger("private-room", "end", {});
    await until("the real event", () => received.length > 1);
    expect(received.map(({ event }) => event)).toEqual(["pusher:subscription_succeeded", "end"]);
  });

  test("the official client hears of a rejected event on its connection", async () => {
    const server = await startServer();
    const client = server.client();
    await listen(client, "private-room");
    await connected(client);
    const errors: { data?: { code?: number } }[] = [];
    client.connection.bind("error", (error: { data?: { code?: number } }) => errors.push(error));
    for (let index = 0; index < 11; index += 1) client.channel("private-room").trigger("client-typing", {});
    await until("the rejection", () => errors.length > 0);
    expect(errors[0]?.data?.code).toBe(4301);
    expect(client.connection.state).toBe("connected");
  });
});
