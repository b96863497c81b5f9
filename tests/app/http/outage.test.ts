import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { disconnectDb } from "@/lib/server/db";
import { clientOf, lookInto } from "@/tests/support/app-world";
import { type Answer, HttpClient, postSignIn } from "@/tests/support/http-client";
import { type BuiltApp, startBuiltApp } from "@/tests/support/start-built-app";
import { createWorld, messageOf } from "@/tests/support/world";

/** A database of its own, outside of the app, that can be taken away and given back: behind a door that stays. */
const dataDir = path.join(os.tmpdir(), `murph-test-outage-${randomBytes(8).toString("hex")}`);
let postgres: EmbeddedPostgres | null = null;
const door = createServer((outside) => {
  const inside = connect(postgres ? Number(new URL(postgres.appUrl).port) : 1, "127.0.0.1");
  for (const socket of [outside, inside]) socket.on("error", () => undefined);
  outside.pipe(inside).pipe(outside);
  inside.on("close", () => outside.destroy());
  outside.on("close", () => inside.destroy());
});
let app: BuiltApp;
let client: HttpClient;
let consultationId: string;

beforeAll(async () => {
  postgres = await startEmbeddedPostgres({ dataDir, scratch: true });
  await once(door.listen(0, "127.0.0.1"), "listening");
  const throughDoor = (url: string) => Object.assign(new URL(url), { port: (door.address() as AddressInfo).port }).href;
  app = await startBuiltApp(inject("app").distDir, {
    DATABASE_URL: throughDoor(postgres.appUrl),
    DATABASE_OWNER_URL: throughDoor(postgres.ownerUrl),
    NEXTAUTH_SECRET: "secret-of-the-outage-test",
  });
  lookInto(app);
  const world = await createWorld();
  consultationId = world.consultationId;
  client = await clientOf(app, world.patient);
  await disconnectDb();
});
afterAll(async () => {
  await app?.stop();
  door.close();
  await postgres?.stop();
  fs.rmSync(dataDir, { recursive: true, force: true });
});

test("F15 F16 without the database every call that needs it is 503 with Retry-After, and all is well again after it", async () => {
  const message = messageOf(consultationId, "sent into the outage");
  expect((await client.get("/api/consultations")).status).toBe(200);
  await postgres?.stop();
  postgres = null;

  const form = { socket_id: "1.1", channel_name: `private-consultation-${consultationId}` };
  const calls: Record<string, () => Promise<Answer>> = {
    send: () => client.post("/api/nachrichten", { json: message }),
    list: () => client.get("/api/consultations"),
    snapshot: () => client.get(`/api/consultations/${consultationId}`),
    events: () => client.get(`/api/consultations/${consultationId}/events?after=0`),
    messages: () => client.get(`/api/consultations/${consultationId}/messages`),
    receipts: () => client.post(`/api/consultations/${consultationId}/receipts`, { json: { readUpToSeq: 0 } }),
    start: () => client.post(`/api/consultations/${consultationId}/start`),
    complete: () => client.post(`/api/consultations/${consultationId}/complete`),
    // F15: never from a memory of an earlier yes.
    channel: () => client.post("/api/pusher/auth", { form }),
    strangePath: () => client.get("/api/consultations/x"),
    user: () => client.post("/api/pusher/user-auth", { form }),
    session: () => client.get("/api/auth/session"),
    signIn: () => postSignIn(new HttpClient(app.baseUrl), "anna@murph.example", "murph-demo"),
  };
  for (const [name, call] of Object.entries(calls)) {
    const answer = await call();
    expect([name, answer.status, answer.body.error?.code]).toEqual([name, 503, "unavailable"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(client.cookies.has("next-auth.session-token")).toBe(true);
  const health = await client.get("/api/health");
  expect([health.status, health.body]).toMatchObject([
    503,
    { status: "unavailable", database: "down", relayLagMs: null },
  ]);

  const byForm = new HttpClient(app.baseUrl);
  const { csrfToken } = (await byForm.get("/api/auth/csrf")).body;
  const answer = await byForm.post("/api/auth/callback/credentials", {
    form: { csrfToken, email: "anna@murph.example", password: "murph-demo" },
    headers: { Accept: "text/html" },
  });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, `${app.baseUrl}/sign-in?error=Unavailable`]);

  postgres = await startEmbeddedPostgres({ dataDir, scratch: true });
  await expect.poll(async () => (await client.get("/api/health")).status, { timeout: 20_000 }).toBe(200);
  const repeated = await client.post("/api/nachrichten", { json: message });
  expect([repeated.status, repeated.body.event?.seq]).toEqual([201, 1]);
});
