import { describe, expect, test } from "vitest";
import { APP, connected, startServer } from "./harness";
import { until } from "./until";

describe("E6 user sign-in", () => {
  test("the official client signs in and hears what is sent to its user, on all sockets and on no other's", async () => {
    const server = await startServer();
    const heard: string[] = [];
    for (const [socket, user] of [
      ["first", "ada"],
      ["second", "ada"],
      ["other", "ben"],
    ] as const) {
      const client = server.client(user);
      client.user.bind("news", ({ text }: { text: string }) => heard.push(`${socket} ${text}`));
      client.signin();
      await client.user.signinDonePromise;
      await until("the sign-in", () => client.user.user_data?.id === user);
    }
    await server.sdk.sendToUser("ada", "news", { text: "hello" });
    await server.sdk.sendToUser("ben", "news", { text: "bye" });
    await until("all three", () => heard.length === 3);
    expect(heard).toEqual(["first hello", "second hello", "other bye"]);
  });

  test("terminating a user ends all sockets of that user with 4009 and no other's", async () => {
    const server = await startServer();
    const sockets = await Promise.all([server.raw(), server.raw(), server.raw()]);
    for (const [index, client] of sockets.entries()) {
      const user = server.sdk.authenticateUser(client.socketId, { id: index < 2 ? "ada" : "ben" });
      client.send({ event: "pusher:signin", data: user });
      const { data } = await client.next("pusher:signin_success");
      expect(JSON.parse(String(data)).user_data).toBe(user.user_data);
    }
    await server.sdk.terminateUserConnections("ada");
    expect(await Promise.all(sockets.slice(0, 2).map((client) => client.closeCode()))).toEqual([4009, 4009]);
    expect(await sockets[2]?.settle()).toEqual([]);
  });

  test("ATK10 a terminated socket is out of its channels before the call returns", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.send({ event: "pusher:signin", data: server.sdk.authenticateUser(client.socketId, { id: "ada" }) });
    client.subscribe("private-room", server.sdk.authorizeChannel(client.socketId, "private-room"));
    await client.settle();
    await server.sdk.terminateUserConnections("ada");
    await server.sdk.trigger("private-room", "secret", {});
    await client.closeCode();
    expect(client.messages.map(({ event }) => event)).not.toContain("secret");
  });

  test("the official client does not come back after it was terminated", async () => {
    const server = await startServer();
    const client = server.client("ada");
    await connected(client);
    client.signin();
    await until("the sign-in", () => client.user.user_data?.id === "ada");
    await server.sdk.terminateUserConnections("ada");
    await until("the end", () => client.connection.state === "disconnected");
  });

  test("terminating somebody unknown, or with odd characters in the id, is no error", async () => {
    const server = await startServer();
    const client = await server.raw();
    const id = "ärztin 1+2@praxis";
    client.send({ event: "pusher:signin", data: server.sdk.authenticateUser(client.socketId, { id }) });
    await client.next("pusher:signin_success");
    await server.sdk.terminateUserConnections("nobody");
    await server.sdk.terminateUserConnections(id);
    expect(await client.closeCode()).toBe(4009);
  });

  const forgeries: [string, (real: { auth: string; user_data: string }) => unknown][] = [
    ["nothing", () => ({})],
    ["a forged signature", ({ user_data }) => ({ auth: `${APP.key}:${"0".repeat(64)}`, user_data })],
    ["ATK12 another user under a real signature", ({ auth }) => ({ auth, user_data: '{"id":"ben"}' })],
    ["a signature without its data", ({ auth }) => ({ auth })],
  ];
  test.each(forgeries)("%s ends the connection with 4009", async (_what, forge) => {
    const server = await startServer();
    const client = await server.raw();
    const real = server.sdk.authenticateUser(client.socketId, { id: "ada" });
    client.send({ event: "pusher:signin", data: forge(real) });
    expect(await client.closeCode()).toBe(4009);
  });

  test("ATK9 a captured sign-in is refused on another socket", async () => {
    const server = await startServer();
    const [victim, thief] = [await server.raw(), await server.raw()];
    thief.send({ event: "pusher:signin", data: server.sdk.authenticateUser(victim.socketId, { id: "ada" }) });
    expect(await thief.closeCode()).toBe(4009);
  });

  test("ATK12 a signed-in socket cannot become somebody else", async () => {
    const server = await startServer();
    const client = await server.raw();
    for (const id of ["ada", "ben"]) {
      client.send({ event: "pusher:signin", data: server.sdk.authenticateUser(client.socketId, { id }) });
    }
    await client.next("pusher:signin_success");
    await client.next("pusher:error");
    await server.sdk.sendToUser("ben", "news", {});
    expect(await client.settle()).toEqual([]);
  });

  test("the channel of a user opens for that user only", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("#server-to-user-ada");
    await expect(client.next("pusher:subscription_error")).resolves.toMatchObject({ data: { status: 401 } });
    await server.sdk.sendToUser("ada", "news", {});
    expect(await client.settle()).toEqual([]);
  });
});
