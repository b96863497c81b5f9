import { createHmac } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { connect, type Socket } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { db } from "@/lib/server/db";
import { channelsKeys, clientOf, rowsOf, useApp } from "@/tests/support/app-world";
import type { HttpClient } from "@/tests/support/http-client";
import { type RawAnswer, requestOf, sayRaw } from "@/tests/support/raw-http";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const secretWords = "words of this room";
let world: Awaited<ReturnType<typeof createWorld>>;
let patient: HttpClient;
let own: Record<string, string>;
const room = () => `/consultations/${world.consultationId}`;

beforeAll(async () => {
  world = await createWorld();
  patient = await clientOf(app, world.patient);
  await patient.post("/api/nachrichten", { json: messageOf(world.consultationId, secretWords) });
  own = { Host: `localhost:${app.port}`, Origin: app.baseUrl, Cookie: patient.cookieHeader() };
});

const say = (method: string, target: string, headers: Record<string, string> = {}, body = "") =>
  sayRaw(app.port, requestOf(method, target, headers, body));

/** What every answer has, whoever wrote it and whatever it is. */
function expectGuarded({ headers }: RawAnswer): void {
  expect(headers).toMatchObject({
    "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": expect.stringMatching(/^(same|strict)-origin$/),
    "x-content-type-options": "nosniff",
  });
  expect(headers["x-powered-by"]).toBeUndefined();
}

/** One of each kind of place, with what a stranger's plain requests get there. */
const PLACES: [target: string, get: number, post: number, others: number][] = [
  ["/", 307, 307, 405],
  ["/sign-in", 200, 200, 405],
  ["/consultations", 307, 307, 405],
  ["/nowhere", 404, 404, 405],
  ["/app/x", 404, 404, 405],
  ["/api", 404, 404, 404],
  ["/api/nowhere", 404, 404, 404],
  ["/api/health", 200, 405, 405],
  ["/api/consultations", 401, 401, 405],
  ["/api/auth/csrf", 200, 405, 405],
  ["/favicon.ico", 200, 405, 405],
  ["/icon.svg", 200, 405, 405],
  ["/manifest.webmanifest", 200, 405, 405],
  ["/x.png", 404, 405, 405],
  ["/_next/static/x.js", 404, 405, 405],
  ["/_next/image", 400, 405, 405],
  ["/_next/data/x/consultations.json", 404, 405, 405],
  ["/_global-error", 404, 404, 405],
];

describe("S7 every verb on every kind of place has its stated status and the headers of every answer (S2)", () => {
  test.each(PLACES)("S7 S2 %s", async (target, get, post, others) => {
    const origin = { Host: `localhost:${app.port}`, Origin: app.baseUrl };
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "CONNECT", "OPTIONS"]) {
      const answer = await say(method, target, origin);
      const api = target.startsWith("/api");
      const known = ["PUT", "PATCH", "DELETE"].includes(method);
      const expected =
        method === "GET" || method === "HEAD"
          ? get
          : method === "POST"
            ? post
            : known
              ? others
              : method === "OPTIONS" && api
                ? 204
                : 405;
      expect([method, answer.status]).toEqual([method, expected]);
      expectGuarded(answer);
    }
  });

  test("S7 OPTIONS * is answered, any other asterisk is malformed", async () => {
    expect((await say("OPTIONS", "*")).status).toBe(204);
    expect((await say("GET", "*")).status).toBe(400);
  });

  test.each(["/%ff", "/api/%ff", "/_next/%ff", "/_next/static/%ff", "/x%ff.png", "/%E0%A4%A", "/%"])(
    "S7 the path %s, which nobody can read, is 400",
    async (target) => {
      const answer = await say("GET", target);
      expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, "malformed-request"]);
      expectGuarded(answer);
    },
  );

  // Every route and many values: nasty-values.deep.test.ts.
  test.each(["%00", "%7f", "%80", "%e2%80%a8", "%f0%9f%98%80"])(
    "S7 what no header may hold, %s, is harmless in a query and a cookie",
    async (value) => {
      for (const target of ["/api/auth/error", "/api/auth/signin", "/sign-in"]) {
        const query = `error=${value}&callbackUrl=${value}`;
        const answer = await say("GET", `${target}?${query}`, { ...own, Cookie: `next-auth.callback-url=${value}` });
        expect([target, answer.status < 500]).toEqual([target, true]);
        expectGuarded(answer);
      }
    },
  );

  test("S9 ATK91 a target with a host of its own is 400 and leads nowhere", async () => {
    for (const target of ["http://evil.example/", "http://evil.example/consultations", "https://localhost/", "evil"]) {
      const answer = await say("GET", target);
      expect([target, answer.status, answer.headers.location]).toEqual([target, 400, undefined]);
    }
    for (const target of ["//evil.example", "/\\evil.example", "///evil.example/x"]) {
      const { status, headers } = await say("GET", target);
      const leads = new URL(headers.location ?? "/", app.baseUrl).origin;
      expect([target, status < 500, leads]).toEqual([target, true, app.baseUrl]);
    }
  });

  test("S7 what Node itself cannot read is answered with the same headers", async () => {
    const answers = [
      await sayRaw(app.port, "GET / HTTP/1.1\r\nHost: localhost\r\nBroken\x01: x\r\n\r\n"),
      await sayRaw(app.port, "nonsense\r\n\r\n"),
      await sayRaw(app.port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`),
      await say("GET", "/", { Expect: "wonders" }),
      await say("GET", "/sign-in", { Host: "[" }),
      await sayRaw(app.port, "GET /sign-in HTTP/1.1\r\nConnection: close\r\n\r\n"),
      await sayRaw(app.port, "POST /api/nachrichten HTTP/1.1\r\nConnection: close\r\n\r\n"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 431, 417, 400, 400, 400]);
    for (const answer of answers) expectGuarded(answer);
  });
});

describe("S2 a private page has one address", () => {
  test("S2 its content is there, and nowhere that only looks like it", async () => {
    expect((await say("GET", room(), own)).body).toContain(secretWords);
    const id = world.consultationId;
    const lookalikes = [".png", ".txt", ".svg", ".rsc", ".segments/_tree.segment.rsc", ".json", ".html", ".action"].map(
      (ending) => room() + ending,
    );
    lookalikes.push(
      `/consultations/${id.toUpperCase()}`,
      `/consultations/${id.replace("-", "%2d")}`,
      "/consultations/x",
    );
    lookalikes.push("/consultations/x.png", "/consultations/x.txt", "/consultations/x.svg", "/settings.png");
    lookalikes.push(
      "/%63onsultations",
      "/Consultations",
      `/_next/data/x${room()}.json`,
      "/consultations/favicon.ico",
      "/consultations/%00",
      "/%0d%0a",
    );
    for (const target of lookalikes) {
      for (const headers of [own, { ...own, RSC: "1" }]) {
        const answer = await say("GET", target, headers);
        const shows = [secretWords, "Dr. Weber", world.patient.userId].filter((words) => answer.body.includes(words));
        expect([target, answer.status, shows]).toEqual([target, 404, []]);
        expectGuarded(answer);
      }
    }
  });
});

describe("S9 headers that only Next may say to itself change nothing", () => {
  test.each([
    ["x-middleware-prefetch", "1"],
    ["x-middleware-skip", "1"],
    ["x-matched-path", "/sign-in"],
    ["x-nextjs-data", "1"],
    ["x-invoke-status", "500"],
    ["next-resume", "1"],
  ])("S9 %s", async (name, value) => {
    for (const [target, status] of [
      ["/api/consultations", 401],
      ["/api/nowhere", 404],
      ["/consultations", 307],
      ["/nowhere", 404],
    ] as const) {
      const answer = await say("GET", target, { [name]: value });
      expect([target, answer.status, answer.body.startsWith("{}")]).toEqual([target, status, false]);
    }
  });

  test("S7 router headers that nobody can read are 400 at a page and nothing at an endpoint", async () => {
    const broken = { RSC: "1", "Next-Router-State-Tree": "%ff{" };
    const answer = await say("GET", "/nowhere", broken);
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, "malformed-request"]);
    expect((await say("GET", "/api/consultations", broken)).status).toBe(401);
  });
});

const BOUNDARY = "multipart/form-data; boundary=x";
const part = (name: string, value: string) =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

describe("S7 what is posted to a page", () => {
  test("S7 a form that is none is 400 on every page, and nothing changes", async () => {
    const before = await rowsOf([world.consultationId], [world.patient]);
    const forms: [type: string, body: string][] = [
      [BOUNDARY, "garbage"],
      [BOUNDARY, part("a", "v")],
      [BOUNDARY, "--x\r\n"],
      ["multipart/form-data", "x"],
      ["multipart/form-data; boundary=", "--\r\n"],
      [BOUNDARY, `${part("$ACTION_ID_zz", "")}--x--\r\n`],
      [BOUNDARY, `${part("$ACTION_REF_1", "")}${part("$ACTION_1:0", "{bad")}--x--\r\n`],
    ];
    for (const target of [room(), "/consultations", "/settings", "/sign-in", "/nowhere", "/invite/x"]) {
      for (const [type, body] of forms) {
        const answer = await say("POST", target, { ...own, "Content-Type": type }, body);
        expect([target, type, body, answer.status]).toEqual([target, type, body, 400]);
        expectGuarded(answer);
      }
    }
    expect(await rowsOf([world.consultationId], [world.patient])).toBe(before);
  });

  test("S7 an action whose arguments nobody can read is 400, of this page and of another", async () => {
    const actionOf = async (page: string) =>
      /[0-9a-f]{42}(?=&quot;,&quot;bound)/.exec((await patient.get(page)).text)?.[0] ?? "none";
    const before = await rowsOf([world.consultationId], [world.patient]);
    const bodies = ["", "[", '["$F1"]', '["$1:__proto__"]', "null", '["$B1"]', '["$n1e9"]', '["$Q1"]', "{"];
    const type = { "Content-Type": "text/plain;charset=UTF-8" };
    for (const page of [room(), "/settings"]) {
      const action = await actionOf(page);
      for (const body of bodies) {
        const answer = await say(
          "POST",
          page,
          { ...own, ...type, "Next-Action": action, "Content-Length": `${body.length}` },
          body,
        );
        expect([page, body, answer.status]).toEqual([page, body, 400]);
      }
      for (const target of ["/consultations", "/sign-in", "/nowhere"]) {
        for (const [kind, body] of [...bodies.map((text) => ["text/plain", text]), [BOUNDARY, "garbage"]] as const) {
          const headers = { ...own, "Content-Type": kind, "Next-Action": action, "Content-Length": `${body.length}` };
          const answer = await say("POST", target, headers, body);
          expect([target, body, answer.status]).toEqual([
            target,
            body,
            expect.toSatisfy((status) => status >= 400 && status < 500),
          ]);
        }
      }
    }
    for (const action of ["0".repeat(42), "x", "%ff"]) {
      const answer = await say("POST", room(), { ...own, ...type, "Next-Action": action }, "[]");
      expect([400, 404, 409]).toContain(answer.status);
    }
    expect(await rowsOf([world.consultationId], [world.patient])).toBe(before);
    expect(fs.readFileSync(app.logFile, "utf8")).not.toMatch(/uncaughtException|unhandledRejection/);
  });

  test("S7 whichever action is called on whichever page, with whatever arguments, nothing is 5xx or 200 without an answer", async () => {
    const manifest = fs.readFileSync(`${app.distDir}/server/server-reference-manifest.json`, "utf8");
    const actions = Object.keys(JSON.parse(manifest).node);
    expect(actions.length).toBeGreaterThan(10);
    const field = (value: string) => `${part("0", value)}--x--\r\n`;
    const refused = ["null", "{}", '"x"', "[", '["$F1"]', '["$1:__proto__"]', '["$B1"]', "1"];
    const readable = ["[]", '["$undefined"]', '[{"a":1},{"b":2}]', '["$T","$T"]'];
    const targets = [room(), "/settings", "/sign-in", "/nowhere", "/invite/x", "/forgot-password"];
    for (const [row, action] of actions.entries()) {
      for (const [column, body] of [...refused, ...readable].entries()) {
        // Each action meets every page, and every page each body.
        const target = targets[(row + column) % targets.length] ?? room();
        for (const [type, text] of [
          ["text/plain;charset=UTF-8", body],
          [BOUNDARY, field(body)],
        ] as const) {
          const answer = await say("POST", target, { ...own, "Content-Type": type, "Next-Action": action }, text);
          const what = [target, action, type, body];
          if (refused.includes(body)) expect([...what, answer.status >= 400]).toEqual([...what, true]);
          const empty = answer.status === 200 && answer.body === "{}";
          expect([...what, answer.status < 500, empty]).toEqual([...what, true, false]);
        }
      }
    }
  });

  test("S7 settings that are saved by hand without a form stay as they were", async () => {
    await patient.request("PUT", "/api/preferences", { json: { toasts: true, sound: true } });
    const before = (await patient.get("/api/preferences")).body;
    const action = /[0-9a-f]{42}(?=&quot;,&quot;bound)/.exec((await patient.get("/settings")).text)?.[0] ?? "";
    const headers = { ...own, "Content-Type": "text/plain;charset=UTF-8", "Next-Action": action };
    for (const body of ["[]", "[null,null]", '[{},{"toasts":""}]']) {
      const answer = await say("POST", "/settings", headers, body);
      expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('"validation-failed"')]);
    }
    expect((await patient.get("/api/preferences")).body).toEqual(before);
  });

  test("S7 an encoded body is 415, one over 256 KiB is 413, with and without a length", async () => {
    const type = { ...own, "Content-Type": BOUNDARY };
    expect((await say("POST", room(), { ...type, "Content-Encoding": "gzip" }, "x")).status).toBe(415);
    expect((await say("POST", room(), { ...type, "Content-Length": "262145" })).status).toBe(413);
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    const head = requestOf("POST", room(), { ...type, "Transfer-Encoding": "chunked" });
    expect((await sayRaw(app.port, head + chunk.repeat(5))).status).toBe(413);
  });

  test("S7 a client that goes away in the middle of its form does no harm", async () => {
    const socket = connect(app.port, "localhost");
    await once(socket, "connect");
    socket.write(requestOf("POST", room(), { ...own, "Content-Type": BOUNDARY, "Content-Length": "1000" }));
    socket.destroy();
    expect((await patient.get("/api/health")).status).toBe(200);
    expect(fs.readFileSync(app.logFile, "utf8")).not.toMatch(/uncaughtException|Error: aborted/);
  });

  // Most of its time it waits.
  test.concurrent.each([
    ["a page", {}],
    ["an action", { "Next-Action": "0".repeat(42) }],
  ])("S6 ATK44 what is posted to %s byte by byte is answered 400 and cut", async (_what, headers) => {
    const socket = connect(app.port, "localhost");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    const status = once(socket, "data").then(([data]) => Number(/^HTTP\/1\.1 (\d{3})/.exec(String(data))?.[1]));
    const closed = once(socket, "close");
    socket.write(requestOf("POST", room(), { ...own, ...headers, "Content-Type": BOUNDARY, "Content-Length": "1000" }));
    const drip = setInterval(() => socket.writable && socket.write("x"), 500);
    try {
      expect(await status).toBe(400);
      await closed;
    } finally {
      clearInterval(drip);
      socket.destroy();
    }
  });
});

describe("S6 upgrades", () => {
  const UPGRADE = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  test.each(["/", "/consultations", "/api/health", "/app", "/app/", "/app/x/y", "/_next/webpack-hmr", "/%ff"])(
    "S6 to %s, where no socket is, is answered at once and ended",
    async (target) => {
      const answer = await say("GET", target, UPGRADE);
      expect(answer.status).toBe(target === "/%ff" ? 400 : 404);
      expectGuarded(answer);
    },
  );

  test("S2 S6 whoever answers an upgrade to our socket, the answer has the headers of every answer", async () => {
    const { key } = await channelsKeys();
    const { "Sec-WebSocket-Key": _, ...keyless } = UPGRADE;
    for (const [headers, status] of [
      [keyless, 400],
      [{ ...UPGRADE, "Sec-WebSocket-Key": "short" }, 400],
      [{ ...UPGRADE, "Sec-WebSocket-Version": "1" }, 400],
      [{ ...UPGRADE, "Sec-WebSocket-Protocol": "," }, 400],
      [{ ...UPGRADE, Host: "[" }, 400],
    ] as [Record<string, string>, number][]) {
      const answer = await say("GET", `/app/${key}?protocol=7`, headers);
      expect([headers, answer.status]).toEqual([headers, status]);
      expectGuarded(answer);
    }
    const lines = Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`);
    const hostless = await sayRaw(app.port, `GET /app/${key} HTTP/1.1\r\n${lines.join("")}\r\n`);
    expect(hostless.status).toBe(400);
    expectGuarded(hostless);
  });

  test("S6 to another protocol is answered in this one", async () => {
    const offer = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABk" };
    const answer = await say("GET", "/api/health", offer);
    expect([answer.status, answer.body.includes('"status"')]).toEqual([200, true]);
    expectGuarded(answer);
    expect((await say("POST", "/api/nachrichten", offer)).status).toBe(400);
  });

  async function socketOf(key: string): Promise<{ socket: Socket; text: () => string }> {
    const socket = connect({ port: app.port, host: "localhost", allowHalfOpen: true });
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    await once(socket, "connect");
    socket.write(requestOf("GET", `/app/${key}?protocol=7`, UPGRADE));
    return { socket, text: () => text };
  }

  test("S6 a peer that was sent away and keeps its end open is cut", async () => {
    const { socket, text } = await socketOf("unknown");
    await once(socket, "end");
    expect(text()).toContain("4001");
    // Whether the other side still takes anything shows only to who says something.
    const probe = setInterval(() => socket.write("x"), 50);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(probe);
  });

  test("S6 a socket that proved nothing may say little: the app asks for authorised connections", async () => {
    const { socket, text } = await socketOf((await channelsKeys()).key);
    const junk = Buffer.concat([Buffer.from([0x81, 0x84, 0, 0, 0, 0]), Buffer.from("junk")]);
    const ended = once(socket, "end");
    socket.write(Buffer.concat(Array(200).fill(junk)));
    await ended;
    expect(text()).toContain('"code":4100');
  });
});

test("S9 the REST port of the built-in Channels server refuses a call that came through a proxy", async () => {
  const { appId, key, secret, host, port } = await db().channelsRegistration.findUniqueOrThrow({ where: { id: 1 } });
  const path = `/apps/${appId}/channels`;
  const call = (headers: Record<string, string>) => {
    const query = `auth_key=${key}&auth_timestamp=${Math.floor(Date.now() / 1_000)}&auth_version=1.0`;
    const signature = createHmac("sha256", secret).update(`GET\n${path}\n${query}`).digest("hex");
    return fetch(`http://${host}:${port}${path}?${query}&auth_signature=${signature}`, { headers });
  };
  expect((await call({})).status).toBe(200);
  for (const name of ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"]) {
    expect([name, (await call({ [name]: "203.0.113.7" })).status]).toEqual([name, 403]);
  }
});
