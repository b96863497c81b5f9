import { createHash, createHmac } from "node:crypto";
import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { APP, eventsNamed, listen, startServer, type TestServer } from "./harness";
import { until } from "./until";

interface Call {
  method?: string;
  path?: string;
  query?: Record<string, string>;
  body?: string;
  headers?: Record<string, string>;
  /** Sent instead of what was signed. */
  sent?: { path?: string; query?: Record<string, string>; body?: string; method?: string };
  secret?: string;
}

/** A request signed by hand, so that every part of it can be wrong. */
async function call(server: TestServer, options: Call = {}) {
  const {
    method = "GET",
    path = `/apps/${APP.appId}/channels`,
    body = "",
    headers = {},
    secret = APP.secret,
  } = options;
  const query: Record<string, string> = {
    auth_key: APP.key,
    auth_timestamp: String(Math.floor(Date.now() / 1_000)),
    auth_version: "1.0",
    ...(body ? { body_md5: createHash("md5").update(body).digest("hex") } : {}),
    ...options.query,
  };
  const text = Object.keys(query)
    .sort()
    .map((name) => `${name}=${query[name]}`)
    .join("&");
  const signature = createHmac("sha256", secret).update(`${method}\n${path}\n${text}`).digest("hex");
  const search = new URLSearchParams({ ...query, auth_signature: signature, ...options.sent?.query });
  const sentBody = options.sent?.body ?? body;
  return fetch(`${server.url}${options.sent?.path ?? path}?${search}`, {
    method: options.sent?.method ?? method,
    headers,
    ...(sentBody ? { body: sentBody } : {}),
  });
}

function event(fields: Record<string, unknown>): Call {
  return {
    method: "POST",
    path: `/apps/${APP.appId}/events`,
    body: JSON.stringify({ name: "greeting", channels: ["room"], data: "{}", ...fields }),
  };
}

async function refusal(promise: Promise<unknown>): Promise<{ status: number; body: string }> {
  const error = await promise.then(
    () => new Error("was not refused"),
    (reason: Error & { status: number; body: string }) => reason,
  );
  if (!("status" in error)) throw error;
  return error;
}

describe("E6 publishing through the official server SDK", () => {
  test("one event to many channels, once each", async () => {
    const server = await startServer();
    const client = server.client();
    const names = ["one", "two", "three"];
    const heard = await Promise.all(names.map((name) => listen(client, name)));
    await server.sdk.trigger(names, "greeting", { text: "all" });
    await until("all of them", () => heard.every((received) => received.length === 2));
    expect(heard.map((received) => eventsNamed(received, "greeting"))).toEqual(names.map(() => [{ text: "all" }]));
  });

  test("the socket that is excluded hears nothing", async () => {
    const server = await startServer();
    const [sender, receiver] = [await server.raw(), await server.raw()];
    for (const client of [sender, receiver]) {
      client.subscribe("room");
      await client.settle();
    }
    await server.sdk.trigger("room", "greeting", {}, { socket_id: sender.socketId });
    expect(await receiver.settle()).toHaveLength(1);
    expect(await sender.settle()).toEqual([]);
  });

  test("a batch arrives in its order, each event with its own exclusion", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("room");
    await client.settle();
    await server.sdk.triggerBatch([
      { channel: "room", name: "first", data: { n: 1 } },
      { channel: "room", name: "not-for-me", data: {}, socket_id: client.socketId },
      { channel: "other", name: "elsewhere", data: {} },
      { channel: "room", name: "second", data: "plain text" },
    ]);
    const heard = (await client.settle()).map(({ event, data }) => [event, data]);
    expect(heard).toEqual([
      ["first", '{"n":1}'],
      ["second", "plain text"],
    ]);
  });

  test("info answers how many people and sockets were in the channels", async () => {
    const server = await startServer();
    const [first, second] = [server.client("ada"), server.client("ada")];
    for (const client of [first, second]) await listen(client, "presence-room");
    await listen(first, "room");
    const info = "user_count,subscription_count";
    const answer = await server.sdk.trigger(["presence-room", "room", "empty"], "greeting", {}, { info });
    expect(await answer.json()).toEqual({
      channels: {
        "presence-room": { user_count: 1, subscription_count: 2 },
        room: { subscription_count: 1 },
        empty: { subscription_count: 0 },
      },
    });
    const batch = await server.sdk.triggerBatch([
      { channel: "presence-room", name: "greeting", data: {}, info: "user_count" },
      { channel: "room", name: "greeting", data: {} },
    ]);
    expect(await batch.json()).toEqual({ batch: [{ user_count: 1 }, {}] });
  });

  test("without info the answer is an empty object", async () => {
    const server = await startServer();
    expect(await (await server.sdk.trigger("room", "greeting", {})).json()).toEqual({});
    expect(await (await server.sdk.triggerBatch([{ channel: "room", name: "greeting", data: {} }])).json()).toEqual({});
  });

  test("10,240 bytes pass, 10,241 are 413 and reach nobody", async () => {
    const server = await startServer();
    const received = await listen(server.client(), "room");
    const large = "ü".repeat(5_120);
    expect(await refusal(server.sdk.trigger("room", "greeting", `${large}x`))).toMatchObject({
      status: 413,
      body: expect.stringContaining("10240 bytes"),
    });
    await server.sdk.trigger("room", "greeting", large);
    await until("the event that fits", () => received.length > 1);
    expect(eventsNamed(received, "greeting")).toEqual([large]);
  });

  test("one event too large in a batch stops the whole batch", async () => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("room");
    await client.settle();
    const batch = [
      { channel: "room", name: "small", data: {} },
      { channel: "room", name: "large", data: "x".repeat(10_241) },
    ];
    expect(await refusal(server.sdk.triggerBatch(batch))).toMatchObject({ status: 413 });
    expect(await client.settle()).toEqual([]);
  });

  test("a batch of 10 passes, of 11 is 400", async () => {
    const server = await startServer();
    const batch = (length: number) => Array.from({ length }, () => ({ channel: "room", name: "greeting", data: {} }));
    await server.sdk.triggerBatch(batch(10));
    expect(await refusal(server.sdk.triggerBatch(batch(11)))).toMatchObject({ status: 400 });
  });

  test("100 channels and a name of 200 characters pass", async () => {
    const server = await startServer();
    const channels = Array.from({ length: 100 }, (_, index) => `room-${index}`);
    expect((await server.sdk.trigger(channels, "x".repeat(200), {})).status).toBe(200);
  });

  test("K3 the parameters of an event may stand in the query string, those of the body go first", async () => {
    const server = await startServer();
    const client = await server.raw();
    for (const room of ["room", "other"]) client.subscribe(room);
    await client.settle();
    const path = `/apps/${APP.appId}/events`;
    const single = { name: "greeting", channel: "room", data: "one", info: "subscription_count" };
    const answer = await call(server, { method: "POST", path, query: single });
    expect([answer.status, await answer.json()]).toEqual([200, { channels: { room: { subscription_count: 1 } } }]);
    await call(server, { ...event({ data: "body" }), query: { name: "query", data: "query" } });
    await call(server, { method: "POST", path, query: { name: "greeting", data: "list", "channels[]": "other" } });
    const refused = await call(server, { method: "POST", path, query: { name: "greeting", data: "x" } });
    expect(refused.status).toBe(400);
    expect((await client.settle()).map(({ event, channel, data }) => [event, channel, data])).toEqual([
      ["greeting", "room", "one"],
      ["greeting", "room", "body"],
      ["greeting", "other", "list"],
    ]);
  });

  test("K3 several channels in the query string are an array", async () => {
    const server = await startServer();
    const client = await server.raw();
    for (const room of ["one", "two"]) client.subscribe(room);
    await client.settle();
    const path = `/apps/${APP.appId}/events`;
    const query = `auth_key=${APP.key}&auth_timestamp=${Math.floor(Date.now() / 1_000)}&auth_version=1.0&channels[]=one&channels[]=two&data=x&name=greeting`;
    const signature = createHmac("sha256", APP.secret).update(`POST\n${path}\n${query}`).digest("hex");
    const answer = await fetch(`${server.url}${path}?${query}&auth_signature=${signature}`, { method: "POST" });
    expect(answer.status).toBe(200);
    expect((await client.settle()).map(({ channel }) => channel)).toEqual(["one", "two"]);
  });

  const malformed: [string, Record<string, unknown>][] = [
    ["101 channels", { channels: Array.from({ length: 101 }, (_, index) => `room-${index}`) }],
    ["no channels", { channels: [] }],
    ["channels that are no list", { channels: "room" }],
    ["a channel that is no text", { channels: [7] }],
    ["a channel name with a newline", { channels: ["room\n"] }],
    ["K3 a channel name of 165 characters", { channels: ["x".repeat(165)] }],
    ["a name of 201 characters", { name: "x".repeat(201) }],
    ["an empty name", { name: "" }],
    ["no name", { name: undefined }],
    ["a name of the protocol", { name: "pusher:error" }],
    ["an internal name of the protocol", { name: "pusher_internal:member_removed" }],
    ["data that is no text", { data: { text: "x" } }],
    ["no data", { data: undefined }],
    ["ATK3 a socket_id with a newline", { socket_id: "1.1\n" }],
    ["a socket_id that is no text", { socket_id: 1.1 }],
    ["an unknown info", { info: "user_count,secrets" }],
  ];
  test.each(malformed)("%s is 400 in plain text and reaches nobody", async (_what, fields) => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("room");
    await client.settle();
    const response = await call(server, event(fields));
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect((await response.text()).trim()).toMatch(/^[^\n]{10,}$/);
    expect(await client.settle()).toEqual([]);
  });

  test.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", "[]"],
  ])("a body that is %s is 400", async (_what, body) => {
    const server = await startServer();
    for (const route of ["events", "batch_events"]) {
      const response = await call(server, { method: "POST", path: `/apps/${APP.appId}/${route}`, body });
      expect(response.status).toBe(400);
    }
  });

  test("a body beyond the limit is 413, announced or not", async () => {
    const server = await startServer({ limits: { requestBodyBytes: 20_000 } });
    expect((await call(server, event({ data: "x".repeat(30_000) }))).status).toBe(413);
    const status = await new Promise((resolve, reject) => {
      const chunked = request(`${server.url}/apps/${APP.appId}/events`, { method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      chunked.on("error", reject);
      chunked.write("x".repeat(30_000));
    });
    expect(status).toBe(413);
  });
});

describe("E6 queries through the official server SDK", () => {
  async function occupied() {
    const server = await startServer();
    const [ada, ben] = [server.client("ada"), server.client("ben")];
    await listen(ada, "presence-room");
    await listen(ben, "presence-room");
    await listen(ada, "room");
    return server;
  }

  test("channels lists the occupied ones, by prefix, with the number of people", async () => {
    const server = await occupied();
    const all = await server.sdk.get({ path: "/channels" });
    expect(await all.json()).toEqual({ channels: { "presence-room": {}, room: {} } });
    const some = await server.sdk.get({
      path: "/channels",
      params: { filter_by_prefix: "presence-", info: "user_count,subscription_count" },
    });
    expect(await some.json()).toEqual({ channels: { "presence-room": { user_count: 2, subscription_count: 2 } } });
  });

  test("one channel tells whether and by how many it is occupied", async () => {
    const server = await occupied();
    const read = async (path: string, info?: string) =>
      (await server.sdk.get({ path, ...(info ? { params: { info } } : {}) })).json();
    expect(await read("/channels/presence-room", "user_count")).toEqual({ occupied: true, user_count: 2 });
    expect(await read("/channels/room", "subscription_count")).toEqual({ occupied: true, subscription_count: 1 });
    expect(await read("/channels/nobody-there")).toEqual({ occupied: false });
  });

  test("users lists the people of a presence channel", async () => {
    const server = await occupied();
    const users = await server.sdk.get({ path: "/channels/presence-room/users" });
    expect(await users.json()).toEqual({ users: [{ id: "ada" }, { id: "ben" }] });
    const nobody = await server.sdk.get({ path: "/channels/presence-other/users" });
    expect(await nobody.json()).toEqual({ users: [] });
  });

  test.each([
    ["people of a channel without presence", "/channels/room/users", {}],
    ["the number of people of a channel without presence", "/channels/room", { info: "user_count" }],
    ["the number of people of all channels", "/channels", { info: "user_count" }],
    ["something unknown", "/channels/room", { info: "secrets" }],
    ["a channel with a bad name", "/channels/a%20b", {}],
  ])("asking for %s is 400", async (_what, path, params) => {
    const server = await occupied();
    expect(await refusal(server.sdk.get({ path, params }))).toMatchObject({ status: 400, body: /.+/ });
  });
});

describe("E6 the REST API refuses", () => {
  const now = () => Math.floor(Date.now() / 1_000);
  const forged: [string, () => Call][] = [
    ["no signature", () => ({ sent: { query: { auth_signature: "" } } })],
    ["ATK18 the public key with a guessed secret", () => ({ ...event({}), secret: "guess" })],
    ["another key", () => ({ query: { auth_key: "other" } })],
    ["another auth_version", () => ({ query: { auth_version: "2.0" } })],
    ["a query changed after signing", () => ({ sent: { query: { filter_by_prefix: "presence-" } } })],
    ["a path changed after signing", () => ({ sent: { path: `/apps/${APP.appId}/channels/room` } })],
    ["a method changed after signing", () => ({ sent: { method: "POST" } })],
    ["a body changed after signing", () => ({ ...event({}), sent: { body: event({ data: '"other"' }).body ?? "" } })],
    ["a body that was not signed", () => ({ ...event({}), body: "", sent: { body: event({}).body ?? "" } })],
    ["F2 a clock 11 minutes behind", () => ({ query: { auth_timestamp: String(now() - 660) } })],
    ["F2 a clock 11 minutes ahead", () => ({ query: { auth_timestamp: String(now() + 660) } })],
    ["a timestamp that is no number", () => ({ query: { auth_timestamp: "NaN" } })],
  ];
  test.each(forged)("%s with 401", async (_what, options) => {
    const server = await startServer();
    const client = await server.raw();
    client.subscribe("room");
    await client.settle();
    const response = await call(server, options());
    expect(response.status).toBe(401);
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(await response.text()).not.toContain(APP.secret);
    expect(await client.settle()).toEqual([]);
  });

  test("F2 a clock 9 minutes off passes", async () => {
    const server = await startServer();
    for (const skew of [-540, 540]) {
      expect((await call(server, { query: { auth_timestamp: String(now() + skew) } })).status).toBe(200);
    }
  });

  test("F2 the SDK is told what the clocks say", async () => {
    const server = await startServer();
    const response = await call(server, { query: { auth_timestamp: String(now() - 660) } });
    expect(await response.text()).toMatch(/^Timestamp expired: .* not within 600s of server time/);
  });

  test.each([
    ["another app", "/apps/1/channels"],
    ["another resource", `/apps/${APP.appId}/secrets`],
    ["the app itself", `/apps/${APP.appId}`],
    ["another path", "/metrics"],
  ])("%s with 404", async (_what, path) => {
    const server = await startServer();
    expect((await call(server, { path })).status).toBe(404);
  });

  test("the wrong method with 405", async () => {
    const server = await startServer();
    expect((await call(server, { path: `/apps/${APP.appId}/events` })).status).toBe(405);
    expect((await call(server, { method: "POST", body: "{}" })).status).toBe(405);
  });

  test.each(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"])(
    "a request that came through a proxy (%s) with 403, however well signed",
    async (header) => {
      const server = await startServer();
      expect((await call(server, { headers: { [header]: "203.0.113.7" } })).status).toBe(403);
    },
  );

  test("nothing for its proxy when the operator opened it to other machines", async () => {
    const server = await startServer({ host: "0.0.0.0" });
    expect((await call(server, { headers: { "x-forwarded-for": "203.0.113.7" } })).status).toBe(200);
    expect((await call(server, { headers: { "x-forwarded-for": "203.0.113.7" }, secret: "guess" })).status).toBe(401);
  });

  test("a path that cannot be decoded with 400", async () => {
    const server = await startServer();
    expect((await call(server, { path: `/apps/${APP.appId}/channels/%ff` })).status).toBe(400);
    expect((await call(server, { path: "/apps/%ff/channels" })).status).toBe(400);
  });

  test("nothing about itself: liveness needs no signature and says only OK", async () => {
    const server = await startServer();
    const response = await fetch(server.url);
    expect([response.status, await response.text()]).toEqual([200, "OK"]);
    expect(server.problems).toEqual([]);
  });
});
