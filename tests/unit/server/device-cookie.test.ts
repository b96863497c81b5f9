import { randomUUID } from "node:crypto";
import { encode } from "next-auth/jwt";
import { beforeAll, expect, test } from "vitest";
import { parseEnv } from "@/lib/env";
import { type Runtime, setRuntime } from "@/lib/runtime";
import { appendDeviceCookie, deviceCookie, readDevice } from "@/lib/server/auth/device-cookie";

const SECRET = "test-secret-test-secret-test-secret";
const start = (nextAuthSecret = SECRET, environment: Record<string, string> = {}) =>
  setRuntime({ env: parseEnv(environment).env, nextAuthSecret } as Runtime);
beforeAll(() => start());

const jar = (cookies: Record<string, string>) => ({
  get: (name: string) => (cookies[name] === undefined ? undefined : { value: cookies[name] }),
});
const strangers = new Map<string, string>();

test("S5 a device is known to whoever signed in on it, and to nobody else", async () => {
  const [anna, ben] = [randomUUID(), randomUUID()];
  const first = await deviceCookie(strangers, anna, false);
  const known = await readDevice(jar({ [first.name]: first.value }));
  expect([...known.keys()]).toEqual([anna]);
  const both = await deviceCookie(known, ben, false);
  const shared = await readDevice(jar({ [both.name]: both.value }));
  expect(shared.get(anna)).toBe(known.get(anna));
  expect(shared.has(ben)).toBe(true);
  const again = await deviceCookie(shared, anna, false);
  expect((await readDevice(jar({ [again.name]: again.value }))).get(anna)).not.toBe(known.get(anna));
});

test("S5 what is changed, of another installation, or made for something else is no device of anybody", async () => {
  const userId = randomUUID();
  const { name, value } = await deviceCookie(strangers, userId, false);
  const token = { sessionId: randomUUID(), userId, known: [[userId, randomUUID()]] };
  const session = await encode({ token, secret: SECRET });
  for (const other of ["", "x", `${value}x`, value.slice(0, -3), session]) {
    expect((await readDevice(jar({ [name]: other }))).size).toBe(0);
  }
  start("another-secret-another-secret-another");
  expect((await readDevice(jar({ [name]: value }))).size).toBe(0);
  start();
  expect((await readDevice(jar({ [name]: value }))).size).toBe(1);
});

test("S5 it is kept from scripts, and over TLS from neighbouring hosts; then no other is believed", async () => {
  const userId = randomUUID();
  const headers = new Headers();
  await appendDeviceCookie(headers, strangers, userId, true);
  expect(headers.getSetCookie()[0]).toMatch(
    /^__Host-murph-device=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=lax; Secure$/,
  );
  const plain = await deviceCookie(strangers, userId, false);
  start(SECRET, { NEXTAUTH_URL: "https://murph.example" });
  expect((await readDevice(jar({ [plain.name]: plain.value }))).size).toBe(0);
  start();
});

test("S5 the last eight people of a device are known, in a cookie that browsers keep", async () => {
  let known: ReadonlyMap<string, string> = strangers;
  const people = Array.from({ length: 12 }, () => randomUUID());
  for (const userId of people) {
    const { name, value } = await deviceCookie(known, userId, false);
    expect(value.length).toBeLessThan(3_000);
    known = await readDevice(jar({ [name]: value }));
  }
  expect([...known.keys()]).toEqual(people.slice(-8));
});
