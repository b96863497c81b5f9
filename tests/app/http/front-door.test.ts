import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { disconnectDb } from "@/lib/server/db";
import { channelsKeys, lookInto } from "@/tests/support/app-world";
import { requestOf, sayRaw } from "@/tests/support/raw-http";
import { type BuiltApp, startBuiltApp } from "@/tests/support/start-built-app";

const LIMIT = 20;
let app: BuiltApp;
beforeAll(async () => {
  app = await startBuiltApp(inject("app").distDir, {
    TRUSTED_PROXIES: "127.0.0.2",
    MURPH_CONNECTIONS_PER_ADDRESS: String(LIMIT),
  });
  lookInto(app);
});
afterAll(async () => {
  await disconnectDb();
  await app?.stop();
});

/** From this loopback address: one of them is the trusted proxy's, each of the others a client's. */
async function from(localAddress: string, request: string): Promise<{ first: Promise<string>; end(): void }> {
  const socket = connect({ port: app.port, host: "127.0.0.1", localAddress });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const first = new Promise<string>((resolve) => {
    socket.once("data", (data) => resolve(data.toString("latin1")));
    socket.once("close", () => resolve(""));
  });
  socket.write(request);
  return { first, end: () => socket.destroy() };
}

test("S9 HSTS goes out over https, and there only", async () => {
  const secure = { Host: "chat.example", "X-Forwarded-Proto": "https" };
  for (const target of ["/sign-in", "/api/health", "/nowhere", "/icon.svg", "/%ff"]) {
    const { first } = await from("127.0.0.2", requestOf("GET", target, secure));
    expect([target, (await first).toLowerCase()]).toEqual([
      target,
      expect.stringContaining("strict-transport-security: max-age="),
    ]);
    const stranger = await sayRaw(app.port, requestOf("GET", target, secure));
    expect([target, stranger.headers["strict-transport-security"]]).toEqual([target, undefined]);
  }
});

test("S6 ATK17 one address has so many connections; the next is told so, another address is not", async () => {
  const idle = await Promise.all(Array.from({ length: LIMIT }, () => from("127.0.0.3", "")));
  const beyond = await from("127.0.0.3", requestOf("GET", "/api/health"));
  const refused = await beyond.first;
  expect(refused).toMatch(/^HTTP\/1\.1 429 /);
  expect(refused).toMatch(/retry-after: \d/i);
  expect(await (await from("127.0.0.4", requestOf("GET", "/api/health"))).first).toMatch(/^HTTP\/1\.1 200 /);
  for (const { end } of idle) end();
  await expect
    .poll(async () => (await from("127.0.0.3", requestOf("GET", "/api/health"))).first)
    .toMatch(/^HTTP\/1\.1 200 /);
});

test("S6 one address behind a trusted proxy has so many sockets", async () => {
  const { key } = await channelsKeys();
  const upgrade = (address: string) =>
    requestOf("GET", `/app/${key}?protocol=7`, {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "X-Forwarded-For": address,
    });
  const statusOf = async (address: string) => (await (await from("127.0.0.2", upgrade(address))).first).slice(9, 12);
  for (let i = 0; i < LIMIT; i++) expect(await statusOf("203.0.113.7")).toBe("101");
  expect(await statusOf("203.0.113.7")).toBe("429");
  expect(await statusOf("203.0.113.8")).toBe("101");
});
