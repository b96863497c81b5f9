import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { errorBodySchema } from "@/lib/protocol/errors";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";
import { clientOf, rowsOf, sealToken, useApp } from "@/tests/support/app-world";
import { type Answer, HttpClient, type RequestOptions } from "@/tests/support/http-client";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
let world: Awaited<ReturnType<typeof createWorld>>;
let client: HttpClient;
const message = { id: "" };
beforeAll(async () => {
  world = await createWorld();
  client = await clientOf(app, world.practitioner);
  const command = messageOf(world.consultationId, "mine");
  await client.post("/api/nachrichten", { json: command });
  message.id = command.id;
});

/** Every route for people who are signed in, with a request that would be accepted. */
interface Route {
  name: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path(): string;
  body?(): RequestOptions;
  /** What the body has to be; absent: the route takes none. */
  type?: "json" | "optional-json" | "form";
  changes: boolean;
}
const of = (rest: string) => () => `/api/consultations/${world?.consultationId}${rest}`;
const ofMessage = (rest: string) => () => `/api/nachrichten/${message.id}${rest}`;
const socket = () => ({ form: { socket_id: "1.1", channel_name: `private-consultation-${world.consultationId}` } });
const ROUTES: Route[] = [
  {
    name: "POST nachrichten",
    method: "POST",
    path: () => "/api/nachrichten",
    body: () => ({ json: messageOf(world.consultationId, "hello") }),
    type: "json",
    changes: true,
  },
  {
    name: "PATCH nachricht",
    method: "PATCH",
    path: ofMessage(""),
    body: () => ({ json: { content: "other words" } }),
    type: "json",
    changes: true,
  },
  { name: "DELETE nachricht", method: "DELETE", path: ofMessage(""), changes: true },
  { name: "PUT reaction", method: "PUT", path: ofMessage(`/reactions/${encodeURIComponent("👍")}`), changes: true },
  {
    name: "DELETE reaction",
    method: "DELETE",
    path: ofMessage(`/reactions/${encodeURIComponent("👍")}`),
    changes: true,
  },
  { name: "GET colleagues", method: "GET", path: () => "/api/colleagues", changes: false },
  { name: "GET consultations", method: "GET", path: () => "/api/consultations", changes: false },
  {
    name: "POST consultations",
    method: "POST",
    path: () => "/api/consultations",
    body: () => ({ json: { id: randomUUID(), patientEmail: `${randomUUID()}@murph.example`, subject: "Test" } }),
    type: "json",
    changes: true,
  },
  { name: "GET preferences", method: "GET", path: () => "/api/preferences", changes: false },
  {
    name: "PUT preferences",
    method: "PUT",
    path: () => "/api/preferences",
    body: () => ({ json: { sound: true } }),
    // Every field may be missing, so that none of it is invalid.
    type: "optional-json",
    changes: true,
  },
  { name: "GET snapshot", method: "GET", path: of(""), changes: false },
  { name: "GET events", method: "GET", path: of("/events?after=0"), changes: false },
  { name: "GET messages", method: "GET", path: of("/messages"), changes: false },
  { name: "POST start", method: "POST", path: of("/start"), type: "optional-json", changes: true },
  { name: "POST complete", method: "POST", path: of("/complete"), type: "optional-json", changes: true },
  { name: "DELETE complete", method: "DELETE", path: of("/complete"), changes: true },
  { name: "POST cancel", method: "POST", path: of("/cancel"), type: "optional-json", changes: true },
  {
    name: "POST participants",
    method: "POST",
    path: of("/participants"),
    body: () => ({ json: { userId: world.patient.userId } }),
    type: "json",
    changes: true,
  },
  {
    name: "DELETE participant",
    method: "DELETE",
    path: () => `/api/consultations/${world?.consultationId}/participants/${world?.patient.userId}`,
    changes: true,
  },
  {
    name: "POST receipts",
    method: "POST",
    path: of("/receipts"),
    body: () => ({ json: { readUpToSeq: 0 } }),
    type: "json",
    changes: true,
  },
  {
    name: "POST pusher/auth",
    method: "POST",
    path: () => "/api/pusher/auth",
    body: socket,
    type: "form",
    changes: false,
  },
  {
    name: "POST pusher/user-auth",
    method: "POST",
    path: () => "/api/pusher/user-auth",
    body: socket,
    type: "form",
    changes: false,
  },
];
const writes = ROUTES.filter(({ method }) => method !== "GET");
const withBody = ROUTES.filter(({ type }) => type !== undefined);
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

function expectRefusal(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body?.error?.code]).toEqual([status, code]);
  const { error } = errorBodySchema.parse(answer.body);
  expect(error.message).not.toBe("");
  expect(answer.text).not.toMatch(/\bat \/|node_modules|SELECT|prisma/i);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(answer.headers.get("content-type")).toContain("application/json");
}

/** Does the request and proves that it left no trace. */
async function unchanged(work: () => Promise<Answer>): Promise<Answer> {
  const before = await rowsOf([world.consultationId], [world.patient, world.practitioner]);
  const answer = await work();
  expect(await rowsOf([world.consultationId], [world.patient, world.practitioner])).toBe(before);
  return answer;
}

const send = (route: Route, by: HttpClient, options: RequestOptions = {}) =>
  by.request(route.method, route.path(), { ...route.body?.(), ...options });

describe.each(ROUTES)("$name", (route) => {
  test("ATK55 other methods are 405 with Allow, whoever asks, and a method override header changes nothing", async () => {
    const allowed = ROUTES.filter(({ path }) => path() === route.path()).map(({ method }) => method as string);
    for (const method of METHODS.filter((method) => !allowed.includes(method))) {
      for (const by of [client, new HttpClient(app.baseUrl)]) {
        const answer = await unchanged(() =>
          by.request(method, route.path(), { headers: { "X-HTTP-Method-Override": route.method } }),
        );
        expectRefusal(answer, 405, "method-not-allowed");
        expect(answer.headers.get("allow")?.split(", ")).toContain(route.method);
        expect(answer.headers.get("allow")?.split(", ")).not.toContain(method);
      }
    }
  });

  test("no cookie is 401 unauthenticated", async () => {
    expectRefusal(await unchanged(() => send(route, new HttpClient(app.baseUrl))), 401, "unauthenticated");
  });

  test("ATK79 a token that is tampered, unsigned, expired, of another secret or purpose is 401", async () => {
    const { sessionId, userId } = world.practitioner;
    const good = await sealToken(app, { sessionId, userId });
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ sessionId, userId, exp: 9e9 })).toString("base64url")}.`;
    const tokens = {
      garbage: "x",
      tampered: `${good.slice(0, -4)}AAAA`,
      unsigned,
      expired: await sealToken(app, { sessionId, userId }, -3_600),
      otherSecret: await sealToken({ ...app, nextAuthSecret: "another-secret-of-another-env" }, { sessionId, userId }),
      withoutSession: await sealToken(app, { userId }),
      stateCookie: await sealToken(app, { state: "x", sessionId: "y", userId }),
    };
    for (const [name, token] of Object.entries(tokens)) {
      const thief = new HttpClient(app.baseUrl);
      thief.cookies.set("next-auth.session-token", token);
      const answer = await unchanged(() => send(route, thief));
      expect([name, answer.status, answer.body.error.code]).toEqual([name, 401, "unauthenticated"]);
    }
  });

  test("a genuine token without a session row is 401 session-ended", async () => {
    const ghost = await clientOf(app, { ...world.practitioner, sessionId: randomUUID() });
    expectRefusal(await unchanged(() => send(route, ghost)), 401, "session-ended");
  });

  test("a genuine token that names another user's session is 401 session-ended", async () => {
    const mixed = await clientOf(app, { ...world.practitioner, userId: world.patient.userId });
    expectRefusal(await unchanged(() => send(route, mixed)), 401, "session-ended");
  });
});

describe.each(ROUTES.filter(({ path }) => path().includes("/consultations/")))("$name", (route) => {
  test("an id that cannot exist is answered like one that does not, and like one of others: 404", async () => {
    const foreign = await createWorld();
    const bodies = new Set<string>();
    for (const id of [randomUUID(), foreign.consultationId, "1", "x".repeat(300), "%00", "..%2f..", "'%20OR%201=1"]) {
      const path = route.path().replace(world.consultationId, id);
      const answer = await client.request(route.method, path, route.body?.() ?? {});
      expectRefusal(answer, 404, "not-found");
      bodies.add(answer.text);
    }
    expect(bodies.size).toBe(1);
  });
});

describe.each(writes)("$name", (route) => {
  test("ATK74 a foreign, null or opaque origin is 403, with a session and without", async () => {
    for (const headers of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: `${app.baseUrl}.evil.example` },
      { Origin: app.baseUrl.replace("http://", "http://user@") },
      { Origin: "http://localhost:1" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "cross-site", Origin: app.baseUrl },
      { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
      { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" },
    ] as Record<string, string>[]) {
      for (const by of [client, new HttpClient(app.baseUrl)]) {
        const answer = await unchanged(() => send(route, by, { headers, origin: false }));
        expect([headers, answer.status, answer.body.error.code]).toEqual([headers, 403, "origin-not-allowed"]);
      }
    }
  });

  if (route.changes)
    test("ATK74 a request by cookie that proves no origin at all is 403", async () => {
      expectRefusal(await unchanged(() => send(route, client, { origin: false })), 403, "origin-not-allowed");
    });
});

describe.each(withBody)("$name", (route) => {
  const write = (options: RequestOptions) => client.request(route.method, route.path(), options);

  test("ATK74 Sec-Fetch-Site: same-origin is proof enough: the next check answers", async () => {
    const options = {
      origin: false,
      headers: { "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain" },
      raw: "x",
    };
    expectRefusal(await write(options), 415, "unsupported-media-type");
  });

  test("ATK11 ATK55 another content type is 415 before the body is looked at", async () => {
    const wrong = ["text/plain", "multipart/form-data; boundary=x", "application/xml", "text/html", ""];
    wrong.push(route.type === "form" ? "application/json" : "application/x-www-form-urlencoded");
    wrong.push(
      route.type === "form" ? "application/x-www-form-urlencoded; charset=utf-16" : "application/json; charset=utf-16",
    );
    for (const type of wrong) {
      const answer = await unchanged(() =>
        write({
          raw: new TextEncoder().encode("{"),
          headers: type ? { "Content-Type": type } : {},
        }),
      );
      expect([type, answer.status, answer.body.error.code]).toEqual([type, 415, "unsupported-media-type"]);
    }
  });

  test("a compressed body is 415", async () => {
    const type = route.type === "form" ? "application/x-www-form-urlencoded" : "application/json";
    const answer = await unchanged(() =>
      write({ raw: "{}", headers: { "Content-Type": type, "Content-Encoding": "gzip" } }),
    );
    expectRefusal(answer, 415, "unsupported-media-type");
  });

  test("ATK44 one byte over 64 KiB is 413, before the body is parsed", async () => {
    const type = route.type === "form" ? "application/x-www-form-urlencoded" : "application/json";
    const answer = await unchanged(() => write({ raw: "x".repeat(64 * 1024 + 1), headers: { "Content-Type": type } }));
    expectRefusal(answer, 413, "payload-too-large");
  });
});

describe.each(withBody.filter(({ type }) => type?.endsWith("json")))("$name", (route) => {
  const post = (raw: BodyInit) =>
    client.request(route.method, route.path(), { raw, headers: { "Content-Type": "application/json" } });

  test("a body that is not JSON is 400", async () => {
    const broken: BodyInit[] = [
      "{",
      "undefined",
      "{'a':1}",
      "{}{}",
      new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
      "[".repeat(60_000),
    ];
    if (route.type === "json") broken.push("");
    for (const raw of broken) expectRefusal(await unchanged(() => post(raw)), 400, "invalid-json");
  });

  test("JSON of another shape is 422, not a 500", async () => {
    for (const raw of ["null", "[]", "1", '"text"', "true"]) {
      expectRefusal(await unchanged(() => post(raw)), 422, "validation-failed");
    }
  });

  if (route.type === "json")
    test("a prototype key is not a field: 422 and nothing is polluted", async () => {
      for (const raw of ['{"__proto__":{"id":"x","content":"y"}}', '{"constructor":{"prototype":{"a":1}}}']) {
        expectRefusal(await unchanged(() => post(raw)), 422, "validation-failed");
      }
    });
});

describe("what is not there", () => {
  test("an unknown API path is a JSON 404 for every method", async () => {
    for (const path of [
      "/api",
      "/api/nope",
      "/api/consultations/x/y/z",
      "/api/auth",
      "/api/auth/_log",
      "/api/auth/callback/google",
    ]) {
      for (const method of ["GET", "POST", "PUT", "DELETE"]) {
        const answer = await client.request(method, path, method === "GET" ? {} : { json: {} });
        expect([
          path,
          method,
          [404, 405].includes(answer.status),
          errorBodySchema.safeParse(answer.body).success,
        ]).toEqual([path, method, true, true]);
      }
    }
  });

  test("ATK78 no answer carries a CORS header", async () => {
    for (const origin of ["https://evil.example", "null"]) {
      const preflight = await client.request("OPTIONS", "/api/consultations", {
        headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
      });
      const plain = await client.get("/api/consultations", { headers: { Origin: origin } });
      for (const { headers } of [preflight, plain]) {
        expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      }
    }
  });

  test("refusals speak the reader's language", async () => {
    const german = await new HttpClient(app.baseUrl).get("/api/consultations", {
      headers: { "Accept-Language": "de-AT,de;q=0.9,en;q=0.8" },
    });
    expect(german.body.error.message).toBe("Bitte melden Sie sich an.");
    const english = await new HttpClient(app.baseUrl).get("/api/consultations", {
      headers: { "Accept-Language": "fr" },
    });
    expect(english.body.error.message).toBe("Please sign in.");
  });
});

test.each(ROUTES)(
  "SND5 $name in somebody else's session than the caller believes is 401 and changes nothing",
  async (route) => {
    const before = await rowsOf([world.consultationId]);
    const headers = { [VIEWER_HEADER]: world.patient.userId };
    expectRefusal(
      await client.request(route.method, route.path(), { ...route.body?.(), headers }),
      401,
      "session-ended",
    );
    expect(await rowsOf([world.consultationId])).toBe(before);
  },
);
