import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { disconnectDb } from "@/lib/server/db";
import { clientOf, lookInto } from "@/tests/support/app-world";
import { type Answer, HttpClient, type RequestOptions } from "@/tests/support/http-client";
import { type BuiltApp, startBuiltApp } from "@/tests/support/start-built-app";
import { createWorld } from "@/tests/support/world";

let app: BuiltApp;

/** As they stand in an address: what no header, cookie or path may hold, and what looks like a part of an address. */
const NASTY = [
  ...["", "%00", "%09", "%0d%0aX-Injected:%201", "%7f", "%80", "%c2%85", "%e2%80%a8", "%ff", "%ed%a0%80", "%ef%bf%bf"],
  ...["%f0%9f%98%80", "%c3%a9", "%25", "%26x%3d1", "%23", "%22%3e%3cscript%3e", "%5c%5cevil.example", "-1"],
  ...["%2f%2fevil.example", "http%3a%2f%2fevil.example", "javascript%3a1", "http%3a%2f%2f%5b", "%2f%0d%0a"],
  ...["%2fconsultations%3fx%3d%00", "..%2f..%2f", "a".repeat(3_000)],
];
const DECODED = [...NASTY.map((value) => new URLSearchParams(`v=${value}`).get("v") ?? ""), "\ud800", "/\udfff"];

/** What any route of ours, of next-auth's or of Next itself reads from a query. */
const NAMES = [
  ...["error", "callbackUrl", "csrf", "csrfToken", "json", "nextauth", "redirect", "after", "before", "limit", "id"],
  ...["token", "email", "page", "locale", "_rsc", "__nextDefaultLocale", "nxtPid", "path"],
];
const COOKIES = [
  ...["next-auth.callback-url", "next-auth.csrf-token", "next-auth.session-token", "__Host-next-auth.csrf-token"],
  ...["murph-device", "murph-locale", "murph-zone", "x"],
];

/** Every page and endpoint that there is, as its folders say, with "*" for what is different each time. */
function routes(): string[] {
  const files = fs.readdirSync("app", { recursive: true, encoding: "utf8" });
  const places = files.filter((file) => /(^|\/)(page\.tsx|route\.ts)$/.test(file)).map((file) => path.dirname(file));
  const paths = places.map((place) => {
    const parts = place.split("/").filter((part) => part !== "." && !/^\(.*\)$/.test(part));
    return `/${parts.map((part) => (part.startsWith("[") ? "*" : part)).join("/")}`;
  });
  const auth = ["csrf", "providers", "session", "signin", "signout", "error", "verify-request", "callback", "_log"];
  const withProvider = ["signin", "callback", "error"].map((action) => `/api/auth/${action}/*`);
  return [...new Set([...paths, ...auth.map((action) => `/api/auth/${action}`), ...withProvider])].sort();
}

/** Signed in, and not. */
let visitors: readonly HttpClient[] = [];
beforeAll(async () => {
  // Of its own: whoever tries so many links that lead nowhere is slowed down, and each comes from another address here.
  app = await startBuiltApp(inject("app").distDir, { TRUSTED_PROXIES: "127.0.0.1,::1" });
  lookInto(app);
  const { patient } = await createWorld();
  visitors = [new HttpClient(app.baseUrl), await clientOf(app, patient)];
});
afterAll(async () => {
  await disconnectDb();
  await app?.stop();
});

async function expectSense(method: string, target: string, options: RequestOptions = {}): Promise<void> {
  await Promise.all(
    visitors.map(async ({ cookies }) => {
      // As it was: an answer may take the cookie away.
      const visitor = new HttpClient(app.baseUrl);
      for (const [name, value] of cookies) visitor.cookies.set(name, value);
      const headers = { "X-Forwarded-For": `2001:db8::${randomBytes(2).toString("hex")}:1`, ...options.headers };
      const answer = await visitor.request(method, target, { ...options, headers });
      expect([method, target, options, answer.status]).toEqual([method, target, options, expect.toSatisfy(isSensible)]);
      expectHarmless(answer, target);
    }),
  );
}

const isSensible = (status: number) => status < 500;

function expectHarmless({ headers }: Answer, target: string): void {
  expect(headers.get("x-injected")).toBeNull();
  const location = headers.get("location");
  if (location === null) return;
  expect([target, location]).toEqual([target, expect.stringMatching(/^[\x21-\x7e]+$/)]);
  expect([target, new URL(location, app.baseUrl).origin]).toEqual([target, app.baseUrl]);
}

describe("S7 no value that a client sends is answered 5xx, or put into a header as it is", () => {
  const all = routes();

  test("S7 all routes are walked", () => {
    expect(all.length).toBeGreaterThan(35);
    expect(all).toEqual(expect.arrayContaining(["/sign-in", "/consultations/*", "/api/auth/error", "/api/auth/*"]));
  });

  test.each(all)("S7 S9 %s", async (route) => {
    for (const value of NASTY) {
      const query = NAMES.map((name) => `${name}=${value}`).join("&");
      const cookies = COOKIES.map((name) => `${name}=${value}`).join("; ");
      await expectSense("GET", `${route.replaceAll("*", "x")}?${query}`);
      await expectSense("GET", `${route.replaceAll("*", value)}?x=${value}`, { headers: { Cookie: cookies } });
      if (route.includes("*")) await expectSense("POST", route.replaceAll("*", value));
    }
  });

  test.each(["signin", "signout", "error", "callback", "callback/credentials", "csrf"])(
    "S7 S9 next-auth's %s, each value by itself",
    async (action) => {
      for (const name of ["error", "callbackUrl", "csrf", "json"]) {
        for (const value of NASTY) await expectSense("GET", `/api/auth/${action}?${name}=${value}&${name}=${value}`);
      }
    },
  );

  test.each(["signout", "callback/credentials"])(
    "S7 S9 next-auth's %s, each value posted by itself",
    async (action) => {
      for (const name of ["callbackUrl", "csrfToken", "email", "password", "json"]) {
        for (const value of DECODED) {
          await expectSense("POST", `/api/auth/${action}`, { json: { [name]: value } });
          await expectSense("POST", `/api/auth/${action}`, { form: { [name]: value } });
        }
      }
    },
  );
});
