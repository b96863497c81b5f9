import { once } from "node:events";
import fs from "node:fs";
import http, { createServer } from "node:http";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidV7 } from "uuid";
import { beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import { endSession, openSession } from "@/lib/server/accounts/sessions";
import { db } from "@/lib/server/db";
import { channelsKeys, clientOf, rowsOf, useApp } from "@/tests/support/app-world";
import { type Answer, HttpClient } from "@/tests/support/http-client";
import { scriptBytes } from "@/tests/support/page-scripts";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const secretWords = "words that only two may read";
let world: Awaited<ReturnType<typeof createWorld>>;
let patient: HttpClient;
const room = () => `/consultations/${world.consultationId}`;

beforeAll(async () => {
  world = await createWorld();
  patient = await clientOf(app, world.patient);
  await patient.post("/api/nachrichten", { json: messageOf(world.consultationId, secretWords) });
});

const directives = (answer: Answer) =>
  Object.fromEntries(
    (answer.headers.get("content-security-policy") ?? "").split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ");
      return [name, sources];
    }),
  );

describe("headers of pages", () => {
  test.each(["/sign-in", "/consultations", "/nowhere", "room"])(
    "ATK77 ATK97 %s has a policy with a nonce of its own, and every script on it carries that nonce",
    async (page) => {
      const url = page === "room" ? room() : page;
      const [answer, again] = [await patient.get(url), await patient.get(url)];
      const policy = directives(answer);
      const nonce = policy["script-src"]?.find((source) => source.startsWith("'nonce-"));
      expect(policy).toMatchObject({
        "default-src": ["'self'"],
        "script-src": ["'self'", nonce, "'strict-dynamic'"],
        "connect-src": ["'self'", `ws://localhost:${app.port}`],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
      });
      expect(directives(again)["script-src"]).not.toContain(nonce);
      if (answer.status !== 307) {
        const scripts = answer.text.match(/<script\b[^>]*>/g) ?? [];
        expect(scripts.length).toBeGreaterThan(0);
        for (const script of scripts) expect(script).toContain(`nonce="${nonce?.slice(7, -1)}"`);
        expect(answer.text).not.toMatch(/<[a-z][^>]*\son[a-z]+=/i);
      }
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "permissions-policy": expect.stringContaining("camera=()"),
      });
      expect(answer.headers.get("x-powered-by")).toBeNull();
    },
  );

  test("pages with content are not kept by any cache", async () => {
    expect((await patient.get(room())).headers.get("cache-control")).toContain("no-store");
  });
});

describe("what a browser says of itself", () => {
  const garbage = ["Etc/Unknown", "Foo/Bar", "", "%", "%00", "%ff%fe", "a".repeat(2_000), "+25:99", "__proto__"];

  test.each(garbage)("R1 a cookie or a header that says %j costs nobody a page", async (said) => {
    const { sessionId } = await openSession(world.patient.userId);
    const client = await clientOf(app, { ...world.patient, sessionId });
    for (const name of ["murph-zone", "murph-locale"]) client.cookies.set(name, said);
    for (const page of [room(), "/consultations", "/settings"]) {
      const answer = await client.get(page, { headers: { "Accept-Language": said } });
      expect([answer.status, answer.text.includes('<html lang="en"')], page).toEqual([200, true]);
    }
    expect((await client.get(room())).text).toMatch(/\d\d:\d\d UTC</);
  });
});

describe("who sees what", () => {
  test("a participant reads the conversation without any script", async () => {
    const answer = await patient.get(room());
    expect([answer.status, answer.text.includes(secretWords)]).toEqual([200, true]);
  });

  test("ATK89 neither page, RSC payload, prefetch nor a guessed parameter shows a stranger or a visitor anything", async () => {
    const stranger = await clientOf(app, await createPerson("PRACTITIONER"));
    const { sessionId } = await openSession(world.practitioner.userId);
    await endSession(sessionId);
    const ended = await clientOf(app, { ...world.practitioner, sessionId });
    const people = { stranger, ended, visitor: new HttpClient(app.baseUrl) };
    const requests: [string, Record<string, string>][] = [
      [room(), {}],
      [room(), { RSC: "1" }],
      [`${room()}?_rsc=abc`, { RSC: "1", "Next-Router-Prefetch": "1" }],
      [room(), { RSC: "1", "Next-Router-Segment-Prefetch": "/_tree" }],
      [room(), { RSC: "1", "Next-Router-Segment-Prefetch": `/consultations/$d$id/__PAGE__` }],
      [`${room()}.rsc`, {}],
      [`${room()}.segments/_tree.segment.rsc`, {}],
      [room(), { "Next-Action": "0".repeat(42) }],
      [`/consultations/x?nxtPid=${world.consultationId}`, { "x-nextjs-data": "1" }],
      ["/consultations", { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" }],
      [room(), { "x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware" }],
    ];
    for (const [name, client] of Object.entries(people)) {
      for (const [url, headers] of requests) {
        const answer = await client.get(url, { headers });
        expect([name, url, headers, answer.status < 500]).toEqual([name, url, headers, true]);
        expect(answer.text).not.toContain(secretWords);
        expect(answer.text).not.toContain("Dr. Weber");
        expect(answer.text).not.toContain(world.patient.userId);
      }
    }
  });

  test("a visitor is sent to the sign-in page", async () => {
    for (const url of ["/consultations", room(), "/settings"]) {
      const answer = await new HttpClient(app.baseUrl).get(url);
      expect([url, answer.status, answer.headers.get("location")?.includes("/sign-in")]).toEqual([url, 307, true]);
    }
  });

  test("ATK72 the sign-in form carries the token of the cookie set with it, and of one that was there", async () => {
    const client = new HttpClient(app.baseUrl);
    const first = await client.get("/sign-in");
    const token = client.cookies.get("next-auth.csrf-token")?.split(/\||%7C/)[0] ?? "";
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(first.text).toContain(`name="csrfToken" value="${token}"`);
    const second = await client.get("/sign-in");
    expect([second.headers.getSetCookie(), second.text.includes(`name="csrfToken" value="${token}"`)]).toEqual([
      [],
      true,
    ]);
    client.cookies.set("next-auth.csrf-token", `${token}|${"0".repeat(64)}`);
    expect((await client.get("/sign-in")).text).not.toContain(token);
  });
});

/** The send form as it stands on the page, without a script: its hidden fields. */
function sendForm(html: string): FormData {
  const form = html.match(/<form\b(?:(?!<\/form>)[\s\S])*name="content"[\s\S]*?<\/form>/)?.[0] ?? "";
  const fields = new FormData();
  for (const [, attributes = ""] of form.matchAll(/<input\b([^>]*)>/g)) {
    const name = /name="([^"]*)"/.exec(attributes)?.[1];
    if (name && /type="hidden"/.test(attributes))
      fields.set(name, decodeEntities(/value="([^"]*)"/.exec(attributes)?.[1] ?? ""));
  }
  return fields;
}
const decodeEntities = (text: string) =>
  text.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&#x27;", "'");

async function postForm(by: HttpClient, fields: FormData, headers: Record<string, string>): Promise<Answer> {
  return by.post(room(), { raw: fields, headers, origin: false });
}
const messagesNow = () =>
  db().message.findMany({ where: { consultationId: world.consultationId }, orderBy: { seq: "asc" } });

describe("the send form without JavaScript", () => {
  test("B1 F21 it sends, the page comes back with the message, and posting it twice is one message", async () => {
    const form = sendForm((await patient.get(room())).text);
    expect(form.get("id")).toMatch(/^[0-9a-f-]{36}$/);
    form.set("content", "by form\r\nin two lines");
    const before = (await messagesNow()).length;
    for (let i = 0; i < 2; i++) {
      const answer = await postForm(patient, form, { Origin: app.baseUrl });
      expect([answer.status, answer.text.includes("by form\nin two lines")]).toEqual([200, true]);
      expect(sendForm(answer.text).get("id")).not.toBe(form.get("id"));
    }
    const messages = await messagesNow();
    expect([messages.length, messages.at(-1)?.content]).toEqual([before + 1, "by form\nin two lines"]);
  });

  test("a refusal stands on the page in words, and the words typed are not lost", async () => {
    const form = sendForm((await patient.get(room())).text);
    form.set("content", `kept ${"x".repeat(4_001)}`);
    const before = await messagesNow();
    const answer = await postForm(patient, form, { Origin: app.baseUrl });
    expect([answer.status, answer.text.includes("kept xxxx")]).toEqual([200, true]);
    expect(answer.text).toMatch(/role="alert"/);
    expect(await messagesNow()).toEqual(before);
  });

  test("SND5 a form of a page that was rendered for somebody else sends nothing, and the words are not lost", async () => {
    const form = sendForm((await patient.get(room())).text);
    form.set("content", "written as another");
    form.set(VIEWER_FIELD, world.practitioner.userId);
    const before = await messagesNow();
    const answer = await postForm(patient, form, { Origin: app.baseUrl });
    expect([answer.status, answer.text.includes("written as another")]).toEqual([200, true]);
    expect(answer.text).toMatch(/role="alert"/);
    expect(await messagesNow()).toEqual(before);
    form.set(VIEWER_FIELD, world.patient.userId);
    await postForm(patient, form, { Origin: app.baseUrl });
    expect((await messagesNow()).at(-1)?.content).toBe("written as another");
  });

  test("ATK75 a foreign, null or missing origin is 403 and nothing is sent, whatever X-Forwarded-Host says", async () => {
    const form = sendForm((await patient.get(room())).text);
    form.set("content", "forged");
    const before = await rowsOf([world.consultationId]);
    for (const headers of [
      {},
      { Origin: "null" },
      { Origin: "https://evil.example" },
      { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
      { "X-Forwarded-Host": "evil.example" },
      { "Sec-Fetch-Site": "cross-site" },
    ] as Record<string, string>[]) {
      const answer = await postForm(patient, form, headers);
      expect([headers, answer.status, answer.body.error?.code]).toEqual([headers, 403, "origin-not-allowed"]);
    }
    expect(await rowsOf([world.consultationId])).toBe(before);
  });

  test("ATK75 a visitor's or a stranger's copy of the form sends nothing", async () => {
    const form = sendForm((await patient.get(room())).text);
    form.set("content", "not mine");
    form.set("id", uuidV7());
    const before = await rowsOf([world.consultationId]);
    for (const by of [new HttpClient(app.baseUrl), await clientOf(app, await createPerson("PATIENT"))]) {
      const answer = await postForm(by, form, { Origin: app.baseUrl });
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toContain(secretWords);
    }
    expect(await rowsOf([world.consultationId])).toBe(before);
  });

  test("an unknown or broken action is no 500", async () => {
    for (const raw of ["{", "[]", "x=1", '0:{"id":"x"}']) {
      const answer = await patient.post(room(), {
        raw,
        headers: { "Next-Action": "0".repeat(42), "Content-Type": "text/plain;charset=UTF-8" },
      });
      expect(answer.status).toBeLessThan(500);
    }
  });

  test("an action called by hand without its form is a refusal, no 500", async () => {
    const action = /[0-9a-f]{42}(?=&quot;,&quot;bound)/.exec((await patient.get(room())).text)?.[0] ?? "";
    const before = await rowsOf([world.consultationId]);
    for (const raw of ["[]", "[null,null]", '["a","b"]', '[{"status":"idle"},{"get":"x"}]']) {
      const answer = await patient.post(room(), {
        raw,
        headers: { "Next-Action": action, "Content-Type": "text/plain;charset=UTF-8" },
      });
      expect([raw, answer.status, answer.text]).toEqual([raw, 200, expect.stringContaining('"validation-failed"')]);
    }
    expect(await rowsOf([world.consultationId])).toBe(before);
  });
});

describe("the socket at the page's own origin", () => {
  async function firstFrame(url: string): Promise<unknown> {
    const socket = new WebSocket(url);
    const [data] = await once(socket, "message");
    socket.close();
    await once(socket, "close");
    return JSON.parse(String(data));
  }

  test("an upgrade of /app/{key} reaches the built-in Channels server, query and all", async () => {
    const { key } = await channelsKeys();
    expect(await firstFrame(`ws://localhost:${app.port}/app/${key}?protocol=7&client=js&version=8.6.0`)).toMatchObject({
      event: "pusher:connection_established",
    });
  });

  test("its REST API is not reachable from outside", async () => {
    const { appId } = await db().channelsRegistration.findUniqueOrThrow({ where: { id: 1 } });
    for (const url of [
      `/apps/${appId}/channels`,
      `/app/../apps/${appId}/channels`,
      `/app/%2e%2e%2fapps%2f${appId}%2fchannels`,
    ]) {
      const answer = await patient.get(url);
      expect([url, answer.text.includes('"channels"')]).toEqual([url, false]);
    }
  });

  test("ATK91 an absolute-form address, with and without an upgrade, and an image address call nobody", async () => {
    let calls = 0;
    const target = createServer((_request, response) => {
      calls += 1;
      response.end("reached");
    }).listen(0, "127.0.0.1");
    target.on("upgrade", (_request, socket) => {
      calls += 1;
      socket.destroy();
    });
    await once(target, "listening");
    const { port } = target.address() as { port: number };
    const url = `http://127.0.0.1:${port}/app/x`;
    const upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    try {
      for (const head of [
        `GET ${url} HTTP/1.1\r\nHost: localhost\r\n`,
        `GET ${url} HTTP/1.1\r\nHost: localhost\r\n${upgrade}`,
        `GET ${url} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${upgrade}`,
        `GET /app/x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Forwarded-Host: 127.0.0.1:${port}\r\n${upgrade}`,
        `GET //127.0.0.1:${port}/app/x HTTP/1.1\r\nHost: localhost\r\n${upgrade}`,
        `GET /app/@127.0.0.1:${port} HTTP/1.1\r\nHost: localhost\r\n${upgrade}`,
      ]) {
        const socket = connect(app.port, "localhost");
        await once(socket, "connect");
        socket.on("error", () => undefined);
        socket.write(`${head}\r\n`);
        // Next leaves some of these upgrades open without a word.
        const answer = await Promise.race([
          new Promise<string>((resolve) => socket.on("data", (data) => resolve(String(data)))),
          new Promise<string>((resolve) => socket.on("close", () => resolve(""))),
          sleep(1_000, ""),
        ]);
        expect(answer).not.toContain("reached");
        socket.destroy();
      }
      const image = await patient.get(
        `/_next/image?url=${encodeURIComponent(`http://127.0.0.1:${port}/x.png`)}&w=640&q=75`,
      );
      expect(image.status).toBe(400);
      expect(calls).toBe(0);
    } finally {
      target.close();
    }
  });

  test("a Host header that is none is no 500", async () => {
    for (const host of ["evil.example", "[", "a b", "localhost:99999999"]) {
      const request = http.get({ port: app.port, host: "localhost", path: "/sign-in", headers: { Host: host } });
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      response.resume();
      expect([host, (response.statusCode ?? 500) < 500]).toEqual([host, true]);
    }
  });
});

test("ATK95 ATK96 no file sent to browsers holds a secret, its name, a server module or a demo password", async () => {
  const { secret } = await channelsKeys();
  const root = path.join(app.distDir, "static");
  const files = fs.readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(5);
  const words = [secret, app.nextAuthSecret, app.ownerUrl, app.appUrl].flatMap((value) => [
    value,
    Buffer.from(value).toString("base64"),
    encodeURIComponent(value),
  ]);
  words.push(
    "PUSHER_SECRET",
    "NEXTAUTH_SECRET",
    "DATABASE_URL",
    "ENCRYPTION_MASTER",
    "CRON_SECRET",
    "murph-demo",
    "murph.example",
  );
  words.push("send_message(", "argon2", "PrismaClient");
  for (const entry of files) {
    const text = fs.readFileSync(path.join(entry.parentPath, entry.name), "latin1");
    for (const word of words) expect([entry.name, word, text.includes(word)]).toEqual([entry.name, word, false]);
  }
});

describe("what a page costs (docs/performance.md)", () => {
  test.each([
    ["room", 330],
    ["/consultations", 270],
    ["/settings", 266],
    ["/sign-in", 189],
  ])("the scripts of the first load of %s are no more than %i kB, gzip", async (page, kilobytes) => {
    const reader = page === "/sign-in" ? new HttpClient(app.baseUrl) : patient;
    expect(await scriptBytes(reader, page === "room" ? room() : page)).toBeLessThan(kilobytes * 1_000);
  });
});
