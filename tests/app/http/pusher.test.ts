import { createHmac, randomUUID } from "node:crypto";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { pusherConfigSchema } from "@/lib/protocol/pusher-config";
import { db } from "@/lib/server/db";
import { TEST_CRON_SECRET } from "@/tests/support/app-server";
import { channelsKeys, clientOf, useApp } from "@/tests/support/app-world";
import { HttpClient } from "@/tests/support/http-client";
import { connectPusher } from "@/tests/support/pusher-client";
import { createPerson, createWorld } from "@/tests/support/world";

const app = useApp();
let world: Awaited<ReturnType<typeof createWorld>>;
let client: HttpClient;
let keys: { key: string; secret: string };
beforeAll(async () => {
  world = await createWorld();
  client = await clientOf(app, world.patient);
  keys = await channelsKeys();
});

const sign = (text: string) => createHmac("sha256", keys.secret).update(text).digest("hex");
const authorize = (channel_name: string, by = client, more: Record<string, string> = {}) =>
  by.post("/api/pusher/auth", { form: { socket_id: "123.456", channel_name, ...more } });

describe("POST /api/pusher/auth", () => {
  test("A3 a participant gets the signature of exactly this socket and channel", async () => {
    const channel = `private-consultation-${world.consultationId}`;
    const answer = await authorize(channel);
    expect([answer.status, answer.body]).toEqual([200, { auth: `${keys.key}:${sign(`123.456:${channel}`)}` }]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("A3 the own user channel is signed", async () => {
    const channel = `private-user-${world.patient.userId}`;
    expect((await authorize(channel)).body).toEqual({ auth: `${keys.key}:${sign(`123.456:${channel}`)}` });
  });

  test("ATK7 ATK8 presence data come from the session: id, name, role, image, whatever the form says", async () => {
    const channel = `presence-consultation-${world.consultationId}`;
    const forged = JSON.stringify({ user_id: world.practitioner.userId, user_info: { name: "Dr. Evil" } });
    const answer = await authorize(channel, client, {
      user_id: world.practitioner.userId,
      user_info: '{"name":"Dr. Evil"}',
      channel_data: forged,
    });
    const { channel_data, auth } = answer.body;
    expect(JSON.parse(channel_data)).toEqual({
      user_id: world.patient.userId,
      user_info: { id: world.patient.userId, name: "Anna", role: "PATIENT", image: null },
    });
    expect(auth).toBe(`${keys.key}:${sign(`123.456:${channel}:${channel_data}`)}`);
  });

  test("ATK8 presence data stay within 1 KB, however long a name is", async () => {
    const wordy = await createPerson("PATIENT", "😀".repeat(600));
    await db().participant.create({ data: { consultationId: world.consultationId, userId: wordy.userId } });
    const answer = await authorize(`presence-consultation-${world.consultationId}`, await clientOf(app, wordy));
    expect(answer.status).toBe(200);
    expect(Buffer.byteLength(answer.body.channel_data)).toBeLessThanOrEqual(1_024);
    expect(JSON.parse(answer.body.channel_data).user_info.name).toMatch(/^(😀)+$/u);
    await db().participant.deleteMany({ where: { userId: wordy.userId } });
  });

  test("ATK1 without a session there is no signature", async () => {
    const answer = await authorize(`private-consultation-${world.consultationId}`, new HttpClient(app.baseUrl));
    expect([answer.status, answer.body.error.code, answer.text.includes(keys.key)]).toEqual([
      401,
      "unauthenticated",
      false,
    ]);
  });

  test("ATK2 ATK5 others' channels, missing ones and unknown families are one and the same 403", async () => {
    const foreign = await createWorld();
    const id = world.consultationId;
    const names = [
      `private-consultation-${foreign.consultationId}`,
      `private-consultation-${randomUUID()}`,
      `presence-consultation-${foreign.consultationId}`,
      `presence-consultation-${randomUUID()}`,
      `private-user-${world.practitioner.userId}`,
      `private-user-${randomUUID()}`,
      `private-encrypted-consultation-${id}`,
      `private-encrypted-${id}`,
      `private-cache-consultation-${id}`,
      "presence-admin",
      `consultation-${id}`,
      `private-consultation-${id}x`,
      `xprivate-consultation-${id}`,
      `private-consultation-${id.toUpperCase()}`,
      `private-consultation-${id},private-consultation-${foreign.consultationId}`,
      "cache-x",
    ].filter((name) => name !== `private-consultation-${id}`);
    const bodies = new Set<string>();
    for (const name of names) {
      const answer = await authorize(name);
      expect([name, answer.status]).toEqual([name, 403]);
      bodies.add(answer.text);
    }
    expect([...bodies].map((text) => JSON.parse(text).error.code)).toEqual(["channel-not-allowed"]);
  });

  test("ATK3 a socket id that is none is 400", async () => {
    const channel_name = `private-consultation-${world.consultationId}`;
    const ids = [
      "1.1:private-x",
      "1.1\n",
      "1.1\nPOST /x",
      "\n1.1",
      "1",
      "1.",
      ".1",
      "a.b",
      "1.1.1",
      " 1.1",
      "-1.1",
      "１.１",
      "1.1\0",
    ];
    for (const socket_id of [...ids, `${"1".repeat(10_000)}.1`, ""]) {
      const answer = await client.post("/api/pusher/auth", { form: { socket_id, channel_name } });
      expect([socket_id.slice(0, 20), answer.status, answer.body.error.details]).toEqual([
        socket_id.slice(0, 20),
        400,
        { field: "socket_id" },
      ]);
    }
    const missing: [string, string][][] = [
      [["channel_name", channel_name]],
      [
        ["socket_id[]", "1.1"],
        ["channel_name", channel_name],
      ],
      [
        ["socket_id", "1.1"],
        ["socket_id", "1.1"],
        ["channel_name", channel_name],
      ],
    ];
    for (const form of missing) {
      expect((await client.post("/api/pusher/auth", { form })).body.error.details).toEqual({ field: "socket_id" });
    }
  });

  test("ATK4 a channel name with other characters, too long, missing or sent twice is 400", async () => {
    const good = `private-consultation-${world.consultationId}`;
    const names = [":", "#", "/", " ", "\0", "ü", "\n", "%"].map((character) => `${good}${character}`);
    for (const channel_name of [...names, "x".repeat(201), ""]) {
      const answer = await client.post("/api/pusher/auth", { form: { socket_id: "1.1", channel_name } });
      expect([channel_name, answer.status, answer.body.error.details]).toEqual([
        channel_name,
        400,
        { field: "channel_name" },
      ]);
    }
    const twice: [string, string][] = [
      ["socket_id", "1.1"],
      ["channel_name", good],
      ["channel_name", good],
    ];
    expect((await client.post("/api/pusher/auth", { form: twice })).status).toBe(400);
    const array: [string, string][] = [
      ["socket_id", "1.1"],
      ["channel_name[]", good],
    ];
    expect((await client.post("/api/pusher/auth", { form: array })).status).toBe(400);
  });

  test("a form that is not UTF-8 is 400", async () => {
    const answer = await client.post("/api/pusher/auth", {
      raw: new Uint8Array([0x73, 0xff]),
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect([answer.status, answer.body.error.code]).toEqual([400, "malformed-request"]);
  });

  test("ATK10 whoever has left is refused at the next authorisation: nothing is remembered", async () => {
    const left = await createWorld();
    const leaver = await clientOf(app, left.patient);
    const channel = `private-consultation-${left.consultationId}`;
    expect((await authorize(channel, leaver)).status).toBe(200);
    await db().participant.updateMany({ where: { userId: left.patient.userId }, data: { leftAt: new Date() } });
    expect((await authorize(channel, leaver)).status).toBe(403);
  });
});

describe("POST /api/pusher/user-auth", () => {
  test("ATK12 signs the session's user, whatever the form says", async () => {
    const answer = await client.post("/api/pusher/user-auth", {
      form: {
        socket_id: "123.456",
        user_id: world.practitioner.userId,
        user_data: JSON.stringify({ id: world.practitioner.userId, watchlist: [world.practitioner.userId] }),
        watchlist: world.practitioner.userId,
      },
    });
    const userData = JSON.stringify({ id: world.patient.userId });
    expect([answer.status, answer.body]).toEqual([
      200,
      { user_data: userData, auth: `${keys.key}:${sign(`123.456::user::${userData}`)}` },
    ]);
  });

  test("ATK3 a socket id that is none is 400", async () => {
    const answer = await client.post("/api/pusher/user-auth", { form: { socket_id: "1.1:x" } });
    expect([answer.status, answer.body.error.code]).toEqual([400, "malformed-request"]);
  });
});

describe("POST /api/pusher/webhook", () => {
  const body = JSON.stringify({
    time_ms: 1,
    events: [{ name: "channel_occupied", channel: "private-user-x" }, { name: "unknown" }],
  });
  const post = (raw: string, headers: Record<string, string>) =>
    new HttpClient(app.baseUrl).post("/api/pusher/webhook", {
      raw,
      headers: { "Content-Type": "application/json", ...headers },
      origin: false,
    });

  test("a signed body is accepted, unknown events in it too", async () => {
    const answer = await post(body, { "X-Pusher-Key": keys.key, "X-Pusher-Signature": sign(body) });
    expect(answer.status).toBe(200);
  });

  test("ATK20 a missing signature or key is 401, not 500", async () => {
    for (const headers of [{}, { "X-Pusher-Key": keys.key }, { "X-Pusher-Signature": sign(body) }] as Record<
      string,
      string
    >[]) {
      const answer = await post(body, headers);
      expect([answer.status, answer.body.error.code]).toEqual([401, "signature-invalid"]);
    }
  });

  test("ATK21 a wrong signature, another key, a changed or reserialised body is 401", async () => {
    const pretty = JSON.stringify(JSON.parse(body), null, 1);
    const other = createHmac("sha256", "another secret").update(body).digest("hex");
    for (const [raw, key, signature] of [
      [body, keys.key, other],
      [body, "other-key", sign(body)],
      [body.replace("occupied", "vacated"), keys.key, sign(body)],
      [pretty, keys.key, sign(body)],
      [body, keys.key, "x"],
      [body, keys.key, sign(body).toUpperCase()],
    ] as const) {
      const answer = await post(raw, { "X-Pusher-Key": key, "X-Pusher-Signature": signature });
      expect([answer.status, answer.body.error.code]).toEqual([401, "signature-invalid"]);
    }
  });

  test("ATK23 over 1 MB is 413; 20,000 events within it are taken in bounded time", async () => {
    const huge = "x".repeat(1024 * 1024 + 1);
    const tooLarge = await post(huge, { "X-Pusher-Key": keys.key, "X-Pusher-Signature": sign(huge) });
    expect([tooLarge.status, tooLarge.body.error.code]).toEqual([413, "payload-too-large"]);
    const many = JSON.stringify({ time_ms: 1, events: Array(20_000).fill({ name: "x" }) });
    const startedAt = performance.now();
    expect((await post(many, { "X-Pusher-Key": keys.key, "X-Pusher-Signature": sign(many) })).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

describe("who is online", () => {
  const presenceOf = (userId: string) => db().userPresence.findUnique({ where: { userId } });
  const signed = (...events: { name: string; channel: string }[]) => {
    const raw = JSON.stringify({ time_ms: 1, events });
    return new HttpClient(app.baseUrl).post("/api/pusher/webhook", {
      raw,
      headers: {
        "Content-Type": "application/json",
        "X-Pusher-Key": keys.key,
        "X-Pusher-Signature": createHmac("sha256", keys.secret).update(raw).digest("hex"),
      },
      origin: false,
    });
  };
  const counterpartOf = async (by: HttpClient, consultationId: string) =>
    (await by.get("/api/consultations")).body.consultations.find((row: { id: string }) => row.id === consultationId)
      .counterpart;
  const noCallsOf = (userId: string) =>
    db().$executeRaw`UPDATE user_presence SET seen_at = NULL WHERE user_id = ${userId}::uuid`;

  test("C5 F35 sockets make people online and offline, by the server's own webhooks; what a webhook says itself does not", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const elsewhere = await createPerson("PATIENT");
    const [mine, theirs] = [await clientOf(app, patient), await clientOf(app, practitioner)];
    expect(await counterpartOf(theirs, consultationId)).toMatchObject({ online: false, lastActiveAt: null });
    const channel_name = `private-user-${patient.userId}`;
    const socket = connectPusher(keys.key, app.port, async (socket_id) => {
      const answer = await mine.post("/api/pusher/auth", { form: { socket_id, channel_name } });
      return answer.body;
    });
    onTestFinished(() => socket.disconnect());
    await new Promise((resolve) => socket.subscribe(channel_name).bind("pusher:subscription_succeeded", resolve));
    await expect
      .poll(() => presenceOf(patient.userId), { timeout: 10_000 })
      .toMatchObject({ connected: true, seenAt: expect.any(Date) });
    await noCallsOf(patient.userId);
    expect(await counterpartOf(theirs, consultationId)).toMatchObject({ online: true });

    for (let times = 0; times < 5; times++) {
      const answer = await signed(
        { name: "channel_vacated", channel: channel_name },
        { name: "channel_occupied", channel: `private-user-${elsewhere.userId}` },
        { name: "channel_occupied", channel: "private-user-'; DROP TABLE users" },
      );
      expect(answer.status).toBe(200);
    }
    expect(await counterpartOf(theirs, consultationId)).toMatchObject({ online: true });
    expect(await presenceOf(patient.userId)).toMatchObject({ connected: true, missedAt: null });

    socket.disconnect();
    await expect.poll(() => presenceOf(patient.userId), { timeout: 15_000 }).toMatchObject({ connected: false });
    expect(await counterpartOf(theirs, consultationId)).toMatchObject({
      online: false,
      lastActiveAt: expect.any(String),
    });
    expect(await presenceOf(elsewhere.userId)).toBeNull();
  });

  test("C5 polling counts: any call of a session makes its person online, a refused one of nobody's does not", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const theirs = await clientOf(app, practitioner);
    await new HttpClient(app.baseUrl).get(`/api/consultations/${consultationId}`);
    expect(await presenceOf(patient.userId)).toBeNull();
    await (await clientOf(app, patient)).get(`/api/consultations/${consultationId}/events?after=0`);
    await expect
      .poll(() => presenceOf(patient.userId), { timeout: 10_000 })
      .toMatchObject({ seenAt: expect.any(Date) });
    expect(await counterpartOf(theirs, consultationId)).toMatchObject({ online: true });
  });
});

describe("open routes", () => {
  test("GET /api/pusher/config has the public keys only", async () => {
    const answer = await new HttpClient(app.baseUrl).get("/api/pusher/config");
    expect(answer.status).toBe(200);
    expect(pusherConfigSchema.strict().parse(answer.body)).toMatchObject({
      key: keys.key,
      wsHost: null,
      cluster: null,
      encrypted: false,
    });
    expect(answer.text).not.toContain(keys.secret);
  });

  test("GET /api/health says that all is well", async () => {
    const answer = await new HttpClient(app.baseUrl).get("/api/health");
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: "ok", database: "ok", channels: "ok", relayLagMs: expect.any(Number), push: "ok" },
    ]);
  });

  test("POST /api/cron/relay sweeps for the bearer of the secret and for nobody else", async () => {
    const post = (headers: Record<string, string>) => client.post("/api/cron/relay", { headers, origin: false });
    expect((await post({ Authorization: `Bearer ${TEST_CRON_SECRET}` })).status).toBe(200);
    for (const value of [
      "",
      "Bearer ",
      "Bearer wrong",
      TEST_CRON_SECRET,
      `Basic ${TEST_CRON_SECRET}`,
      `Bearer ${TEST_CRON_SECRET}x`,
    ]) {
      const answer = await post({ Authorization: value });
      expect([value, answer.status, answer.body.error?.code]).toEqual([value, 401, "unauthenticated"]);
    }
  });
});
