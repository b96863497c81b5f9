import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import { createUser } from "@/lib/server/accounts/create-user";
import { db } from "@/lib/server/db";
import { clientOf, useApp } from "@/tests/support/app-world";
import { type Answer, HttpClient, postSignIn, signIn } from "@/tests/support/http-client";
import { createPerson } from "@/tests/support/world";

const app = useApp();
const SESSION = "next-auth.session-token";
const password = "correct horse battery";
let email: string;
let userId: string;

beforeAll(async () => {
  email = `${randomUUID()}@murph.example`;
  userId = (await createUser({ email, name: "Dr. Test", role: "PRACTITIONER", password })).id;
});

/** Follows next-auth's redirects as a browser would, to the page at their end. */
async function whereItLeads(client: HttpClient, answer: Answer): Promise<string> {
  const url = new URL(answer.headers.get("location") ?? "", app.baseUrl);
  expect(url.origin).toBe(app.baseUrl);
  if (!url.pathname.startsWith("/api/")) return `${url.pathname} ${url.searchParams.get("error")}`;
  return whereItLeads(client, await client.get(url.pathname + url.search));
}

const sessionsOf = (userId: string) => db().session.findMany({ where: { userId }, orderBy: { createdAt: "asc" } });

describe("signing in", () => {
  test("opens a session row; the session's user is id, role, name, image", async () => {
    const client = await signIn(app.baseUrl, email, password);
    const { status, body } = await client.get("/api/auth/session");
    expect([status, body]).toEqual([
      200,
      { user: { id: userId, role: "PRACTITIONER", name: "Dr. Test", image: null }, expires: expect.any(String) },
    ]);
    const row = (await sessionsOf(userId)).at(-1);
    expect(Math.abs(Date.parse(body.expires) - (row?.expiresAt.getTime() ?? 0))).toBeLessThan(10_000);
    expect((await client.get("/api/consultations")).status).toBe(200);
  });

  test("the cookie is HttpOnly, SameSite=Lax and holds no readable words", async () => {
    const client = new HttpClient(app.baseUrl);
    const answer = await postSignIn(client, email, password);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith(`${SESSION}=`)) ?? "";
    expect([answer.status, answer.headers.get("location")]).toEqual([302, `${app.baseUrl}/consultations`]);
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Lax/i);
    expect(cookie).toMatch(/; Path=\//);
    expect(Buffer.from(cookie, "base64").toString("latin1")).not.toMatch(/Dr\. Test|murph/);
  });

  test("the address may be written in capitals and with spaces around it", async () => {
    await expect(signIn(app.baseUrl, `  ${email.toUpperCase()} `, password)).resolves.toBeInstanceOf(HttpClient);
  });

  test.each([
    ["a wrong password", () => [email, "wrong"]],
    ["an unknown account", () => [`${randomUUID()}@murph.example`, password]],
    ["nothing", () => ["", ""]],
    ["ATK46 a NUL in the address", () => [`${email}\u0000`, password]],
    ["ATK56 SQL", () => ["' OR 1=1 --", "' OR 1=1 --"]],
    ["a password of 10 KB", () => [email, "x".repeat(10_000)]],
  ])("%s is refused and opens nothing", async (_name, credentials) => {
    const before = await sessionsOf(userId);
    const [address = "", word = ""] = credentials();
    const client = new HttpClient(app.baseUrl);
    const answer = await postSignIn(client, address, word);
    expect([answer.status, await whereItLeads(client, answer)]).toEqual([302, "/sign-in CredentialsSignin"]);
    expect(client.cookies.has(SESSION)).toBe(false);
    expect(await sessionsOf(userId)).toEqual(before);
  });

  test("a program that asks for JSON is told 401", async () => {
    const client = new HttpClient(app.baseUrl);
    const { csrfToken } = (await client.get("/api/auth/csrf")).body;
    const answer = await client.post("/api/auth/callback/credentials", {
      form: { csrfToken, email, password: "wrong", json: "true" },
    });
    expect([answer.status, client.cookies.has(SESSION)]).toEqual([401, false]);
  });

  test("an account that is disabled cannot sign in", async () => {
    const address = `${randomUUID()}@murph.example`;
    const { id } = await createUser({ email: address, name: "Gone", role: "PATIENT", password });
    await db().user.update({ where: { id }, data: { disabledAt: new Date() } });
    await expect(signIn(app.baseUrl, address, password)).rejects.toThrow("CredentialsSignin");
    expect(await sessionsOf(id)).toEqual([]);
  });

  test("ATK69 an unknown account takes as long as a wrong password", async () => {
    const client = new HttpClient(app.baseUrl);
    const time = async (address: string) => {
      const startedAt = performance.now();
      await postSignIn(client, address, "wrong");
      return performance.now() - startedAt;
    };
    await time(email);
    const [known, unknown]: [number[], number[]] = [[], []];
    // By turns: whatever else the machine does meanwhile slows both.
    for (let round = 0; round < 7; round++) {
      known.push(await time(email));
      unknown.push(await time(`${randomUUID()}@murph.example`));
    }
    // Without the second hash an unknown account is answered in a fraction of the time.
    expect(Math.min(...unknown) / Math.min(...known)).toBeGreaterThan(0.5);
  });

  test("ATK74 without the form's token, or with another's, nobody is signed in", async () => {
    for (const csrfToken of ["", "x", "0".repeat(64)]) {
      const client = new HttpClient(app.baseUrl);
      await client.get("/api/auth/csrf");
      await client.post("/api/auth/callback/credentials", { form: { csrfToken, email, password } });
      expect(client.cookies.has(SESSION)).toBe(false);
    }
  });

  test("ATK74 a foreign origin is 403 even with the token", async () => {
    const client = new HttpClient(app.baseUrl);
    const { csrfToken } = (await client.get("/api/auth/csrf")).body;
    for (const path of ["callback/credentials", "signout"]) {
      const answer = await client.post(`/api/auth/${path}`, {
        form: { csrfToken, email, password },
        headers: { Origin: "https://evil.example" },
      });
      expect([answer.status, answer.body.error.code]).toEqual([403, "origin-not-allowed"]);
    }
  });

  test("ATK72 a cookie set before the sign-in is replaced, and each sign-in has its own session", async () => {
    const client = new HttpClient(app.baseUrl);
    const planted = (await clientOf(app, await createPerson("PATIENT"))).cookies.get(SESSION) ?? "";
    client.cookies.set(SESSION, planted);
    await postSignIn(client, email, password);
    expect(client.cookies.get(SESSION)).not.toBe(planted);
    expect((await client.get("/api/auth/session")).body.user.id).toBe(userId);
    const before = (await sessionsOf(userId)).length;
    await postSignIn(client, email, password);
    expect(await sessionsOf(userId)).toHaveLength(before + 1);
  });

  test("ATK81 a callbackUrl that leads elsewhere leads home; one that is none is 400 at once", async () => {
    const client = new HttpClient(app.baseUrl);
    const { csrfToken } = (await client.get("/api/auth/csrf")).body;
    for (const callbackUrl of [
      "https://evil.example/x",
      "//evil.example",
      "/\\evil.example",
      "http://localhost.evil.example",
      "http://localhost:1/",
    ]) {
      const answer = await client.post("/api/auth/callback/credentials", {
        form: { csrfToken, email, password, callbackUrl },
      });
      expect([callbackUrl, new URL(answer.headers.get("location") ?? "", "http://none").origin]).toEqual([
        callbackUrl,
        app.baseUrl,
      ]);
      client.cookies.delete("next-auth.callback-url");
    }
    for (const callbackUrl of [
      "javascript:alert(1)",
      "data:text/html,x",
      "http://",
      "http://[",
      "evil.example",
      "\\\\evil",
    ]) {
      const answers = [
        await client.post("/api/auth/callback/credentials", { form: { csrfToken, email, password, callbackUrl } }),
        await client.get(`/api/auth/signin?callbackUrl=${encodeURIComponent(callbackUrl)}`),
      ];
      for (const { status, body } of answers)
        expect([callbackUrl, status, body.error.code]).toEqual([callbackUrl, 400, "malformed-request"]);
    }
    client.cookies.set("next-auth.callback-url", "http%3A%2F%2F%5B");
    expect((await client.get("/api/auth/csrf")).status).toBe(200);
  });

  const LEADING_AWAY = [
    ...["/.//evil.example", "/..//evil.example", "/%2e//evil.example", "/.\\/evil.example", "/\t/evil.example"],
    ...["/.\t//evil.example", "/x/..//evil.example", "\\/evil.example", "///evil.example", "/%2f/evil.example"],
  ];

  test.each(LEADING_AWAY)(
    "S1 ATK81 %j leads whoever is signed in home, at sign-in and at sign-out",
    async (address) => {
      const client = await clientOf(app, await createPerson("PATIENT"));
      const asked = encodeURIComponent(address);
      const { status, headers } = await client.get(`/sign-in?callbackUrl=${asked}`);
      expect([status, headers.get("location")]).toEqual([307, "/consultations"]);
      const twice = await client.get(`/sign-in?callbackUrl=${encodeURIComponent(app.baseUrl + address)}`);
      expect(twice.headers.get("location")).toBe("/consultations");

      for (const callbackUrl of [address, app.baseUrl + address]) {
        const stranger = new HttpClient(app.baseUrl);
        const { csrfToken } = (await stranger.get("/api/auth/csrf")).body;
        const posted = await stranger.post("/api/auth/signout", { form: { csrfToken, callbackUrl } });
        // What is no address at all is refused at once.
        expect([200, 302, 400]).toContain(posted.status);
        expect(`${posted.headers.get("location")} ${[...stranger.cookies.values()].join(" ")}`).not.toContain("evil");
      }
    },
  );

  test("S1 whoever wanted a page of ours gets it, also under its full address", async () => {
    const client = await clientOf(app, await createPerson("PATIENT"));
    for (const callbackUrl of ["/settings", `${app.baseUrl}/settings`]) {
      const answer = await client.get(`/sign-in?callbackUrl=${encodeURIComponent(callbackUrl)}`);
      expect(answer.headers.get("location")).toBe("/settings");
    }
  });

  test("S1 Next's own clearing up of slashes leads nowhere else", async () => {
    for (const path of ["//evil.example/", "/.//evil.example/", "/\\evil.example/", "//evil.example/%2e%2e/"]) {
      const call = request({ port: app.port, host: "localhost", path, headers: { Host: new URL(app.baseUrl).host } });
      const [answer] = await once(call.end(), "response");
      answer.resume();
      expect(new URL(answer.headers.location ?? "/", app.baseUrl).origin).toBe(app.baseUrl);
    }
  });

  const answerTo = async (host: string, path: string): Promise<number | undefined> => {
    const call = request(`${app.baseUrl}${path}`, { headers: { Host: host } }).end();
    const [answer] = await once(call, "response");
    answer.resume();
    return answer.statusCode;
  };

  test("ATK81 a malformed Host is 400", async () => {
    for (const host of ["[", "a b", "a:99999"]) {
      for (const path of ["/api/auth/csrf", "/api/auth/signin", "/sign-in"]) {
        expect([host, path, await answerTo(host, path)]).toEqual([host, path, 400]);
      }
    }
  });

  test("ATK81 an empty Host stands for the address that was called, and is no error of ours", async () => {
    expect(await answerTo("", "/api/auth/csrf")).toBe(200);
  });

  test("ATK81 a forged X-Forwarded-Host is not believed", async () => {
    const client = new HttpClient(app.baseUrl);
    const answer = await client.get("/api/auth/signin?callbackUrl=/consultations", {
      headers: { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", Forwarded: "host=evil.example" },
    });
    expect(answer.headers.get("location")).toContain("/sign-in?callbackUrl=");
    expect(JSON.stringify([...answer.headers])).not.toContain("evil.example");
  });
});

describe("signing out", () => {
  const signOut = async (client: HttpClient) => {
    const { csrfToken } = (await client.get("/api/auth/csrf")).body;
    return client.post("/api/auth/signout", { form: { csrfToken, callbackUrl: "/sign-in" } });
  };

  test("ATK73 ATK103 ends this session at its next request, also for a stolen copy, and no other", async () => {
    const [one, two] = [await signIn(app.baseUrl, email, password), await signIn(app.baseUrl, email, password)];
    const stolen = new HttpClient(app.baseUrl);
    stolen.cookies.set(SESSION, one.cookies.get(SESSION) ?? "");
    expect((await stolen.get("/api/consultations")).status).toBe(200);

    const answer = await signOut(one);
    expect([answer.status, one.cookies.has(SESSION)]).toEqual([302, false]);
    const refused = await stolen.get("/api/consultations");
    expect([refused.status, refused.body.error.code]).toEqual([401, "session-ended"]);
    expect((await stolen.get("/api/auth/session")).body).toEqual({});
    expect(stolen.cookies.has(SESSION)).toBe(false);
    expect((await two.get("/api/consultations")).status).toBe(200);
  });

  test("without the form's token nobody is signed out", async () => {
    const client = await signIn(app.baseUrl, email, password);
    await client.post("/api/auth/signout", { form: { csrfToken: "x" } });
    expect((await client.get("/api/consultations")).status).toBe(200);
  });

  test("ATK73 an ended, an expired session and a disabled account are 401 at the next call", async () => {
    const changes: ((person: { userId: string; sessionId: string }) => Promise<unknown>)[] = [
      ({ sessionId }) => db().session.update({ where: { id: sessionId }, data: { endedAt: new Date() } }),
      ({ sessionId }) =>
        db().session.update({ where: { id: sessionId }, data: { expiresAt: new Date(Date.now() - 1_000) } }),
      ({ sessionId }) => db().session.delete({ where: { id: sessionId } }),
      ({ userId }) => db().user.update({ where: { id: userId }, data: { disabledAt: new Date() } }),
    ];
    for (const change of changes) {
      const person = await createPerson("PATIENT");
      const client = await clientOf(app, person);
      expect((await client.get("/api/consultations")).status).toBe(200);
      await change(person);
      const answer = await client.get("/api/consultations");
      expect([answer.status, answer.body.error?.code]).toEqual([401, "session-ended"]);
      expect((await client.get("/api/auth/session")).body).toEqual({});
    }
  });

  test("ATK73 a changed role is seen at the next call", async () => {
    const person = await createPerson("PATIENT");
    const client = await clientOf(app, person);
    await db().user.update({ where: { id: person.userId }, data: { role: "INTERPRETER" } });
    expect((await client.get("/api/auth/session")).body.user.role).toBe("INTERPRETER");
  });
});

test("GET /api/auth/session without a cookie is {}", async () => {
  expect((await new HttpClient(app.baseUrl).get("/api/auth/session")).body).toEqual({});
});
