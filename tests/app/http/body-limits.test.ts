import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { clientOf, useApp } from "@/tests/support/app-world";
import { createWorld } from "@/tests/support/world";

const app = useApp();
let head: string;

beforeAll(async () => {
  const { patient } = await createWorld();
  const client = await clientOf(app, patient);
  head = [
    "POST /api/nachrichten HTTP/1.1",
    `Host: localhost:${app.port}`,
    `Origin: ${app.baseUrl}`,
    `Cookie: ${client.cookieHeader()}`,
    "Content-Type: application/json",
    "",
  ].join("\r\n");
});

/** Speaks plain HTTP, to say what no well-behaved client would. */
async function open(): Promise<{ socket: Socket; status: Promise<number>; closed: Promise<number> }> {
  const socket = connect(app.port, "localhost");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  const startedAt = performance.now();
  const status = new Promise<number>((resolve) => {
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
      const found = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (found) resolve(Number(found));
    });
  });
  const closed = new Promise<number>((resolve) => {
    socket.on("close", () => resolve(performance.now() - startedAt));
  });
  return { socket, status, closed };
}

test("ATK44 a declared 100 MB is 413 before a byte of it is sent", async () => {
  const { socket, status } = await open();
  socket.write(`${head}Content-Length: 104857600\r\n\r\n`);
  expect(await status).toBe(413);
  socket.destroy();
});

test("ATK44 chunks without a length are 413 at the first byte over 64 KiB", async () => {
  const { socket, status } = await open();
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  const chunk = `1000\r\n${"x".repeat(4_096)}\r\n`;
  let sent = 0;
  let answered = 0;
  void status.then((code) => {
    answered = code;
  });
  while (answered === 0 && sent < 64 * 1024 * 1024) {
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain"), status]);
    sent += 4_096;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await status).toBe(413);
  expect(sent).toBeLessThan(16 * 1024 * 1024);
  socket.destroy();
});

// These two wait for most of their time.
test.concurrent("ATK44 100 MB that keep coming after the refusal are cut", async ({ expect }) => {
  const { socket, status, closed } = await open();
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const flood = setInterval(() => socket.writable && socket.writableLength < 1_000_000 && socket.write(chunk), 5);
  try {
    expect(await status).toBe(413);
    expect(await closed).toBeLessThan(20_000);
  } finally {
    clearInterval(flood);
    socket.destroy();
  }
});

test.concurrent("ATK44 a body that trickles is answered 400 and cut", async ({ expect }) => {
  const { socket, status, closed } = await open();
  socket.write(`${head}Content-Length: 1000\r\n\r\n{`);
  const drip = setInterval(() => socket.writable && socket.write(" "), 500);
  try {
    expect(await status).toBe(400);
    const lasted = await closed;
    expect(lasted).toBeGreaterThan(5_000);
    expect(lasted).toBeLessThan(20_000);
  } finally {
    clearInterval(drip);
    socket.destroy();
  }
});

test("a client that goes away in the middle of a body does no harm", async () => {
  const { socket } = await open();
  socket.write(`${head}Content-Length: 1000\r\n\r\n{"id":`);
  socket.destroy();
  expect((await fetch(`${app.baseUrl}/api/health`)).status).toBe(200);
});
