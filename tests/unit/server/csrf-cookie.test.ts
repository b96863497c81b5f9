import { beforeAll, expect, test } from "vitest";
import { parseEnv } from "@/lib/env";
import { type Runtime, setRuntime } from "@/lib/runtime";
import { createCsrfCookie, readCsrfToken } from "@/lib/server/auth/csrf-cookie";
import { originEvidence, publicOrigin } from "@/lib/server/http/origin";
import { pageHeaders } from "@/lib/server/http/page-headers";

const start = (environment: Record<string, string> = {}, publicPusher: Partial<Runtime["publicPusher"]> = {}) =>
  setRuntime({
    env: parseEnv(environment).env,
    nextAuthSecret: "test-secret-test-secret",
    publicPusher: {
      key: "k",
      cluster: null,
      wsHost: null,
      wsPort: null,
      forceTLS: false,
      encrypted: false,
      ...publicPusher,
    },
  } as Runtime);
beforeAll(() => start());

test("a cookie of ours gives its token back; a changed or foreign one gives nothing", () => {
  const cookie = createCsrfCookie();
  expect(readCsrfToken(cookie)).toBe(cookie.split("|")[0]);
  for (const other of [
    undefined,
    "",
    "x",
    "|",
    cookie.replace(/.$/, "!"),
    cookie.slice(1),
    `${cookie}0`,
    `é|${"0".repeat(64)}`,
  ]) {
    expect(readCsrfToken(other)).toBeNull();
  }
});

test("ATK74 with NEXTAUTH_URL only that origin is ours, whatever Host says", () => {
  start({ NEXTAUTH_URL: "https://chat.example" });
  const evidence = (origin: string) => originEvidence(new Headers({ host: "evil.example", origin }));
  expect(publicOrigin(new Headers({ host: "evil.example" }))).toBe("https://chat.example");
  expect(["https://chat.example", "http://chat.example", "https://evil.example"].map(evidence)).toEqual([
    "ours",
    "foreign",
    "foreign",
  ]);
});

test("without NEXTAUTH_URL the host decides, whether or not a proxy ended TLS", () => {
  start();
  const evidence = (origin: string) => originEvidence(new Headers({ host: "chat.example", origin }));
  expect(["http://chat.example", "https://chat.example", "https://chat.example:8443", "null"].map(evidence)).toEqual([
    "ours",
    "ours",
    "foreign",
    "foreign",
  ]);
});

test("ATK81 a Host that cannot be one is refused, not put into redirects and policies", () => {
  start();
  for (const host of ["", "[", "a b", "a:99999", "user@evil.example", "a/b", "a;script-src *", "a\\b"]) {
    expect(() => publicOrigin(new Headers({ host }))).toThrow("malformed-request");
  }
  for (const host of ["chat.example", "chat_1.example:8443", "[::1]:3000", "127.0.0.1"]) {
    expect(publicOrigin(new Headers({ host }))).toBe(`http://${host}`);
  }
});

test("behind several proxies the first one's view of host and scheme counts: it met the browser", () => {
  start();
  const headers = { host: "inner:3000", "x-forwarded-host": "chat.example, inner", "x-forwarded-proto": "https, http" };
  expect(publicOrigin(new Headers(headers))).toBe("https://chat.example");
});

test.each([
  [{ wsHost: "ws-eu.pusher.com", wsPort: 443, forceTLS: true }, "wss://ws-eu.pusher.com"],
  [{ wsHost: "ws-eu.pusher.com", wsPort: null, forceTLS: true }, "wss://ws-eu.pusher.com"],
  [{ wsHost: "push.example", wsPort: 6001, forceTLS: false }, "ws://push.example:6001"],
  [{}, "ws://chat.example"],
])("ATK97 sockets may go to %j only", (publicPusher, source) => {
  start({ NODE_ENV: "production" }, publicPusher);
  const policy = pageHeaders(new Headers({ host: "chat.example" }), "/sign-in", "n")["Content-Security-Policy"] ?? "";
  expect(policy).toContain(`connect-src 'self' ${source};`);
  expect(policy).not.toMatch(/unsafe-eval|\*|script-src[^;]*unsafe-inline/);
});
