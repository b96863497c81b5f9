import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createUser } from "@/lib/server/accounts/create-user";
import { disconnectDb } from "@/lib/server/db";
import { lookInto } from "@/tests/support/app-world";
import { type Answer, HttpClient } from "@/tests/support/http-client";
import { type BuiltApp, startBuiltApp } from "@/tests/support/start-built-app";

const LIMIT = 3;
const DEVICE = "murph-device";
const password = "correct horse battery";
let app: BuiltApp;

beforeAll(async () => {
  app = await startBuiltApp(inject("app").distDir, {
    MURPH_RATE_SIGN_IN: String(LIMIT),
    TRUSTED_PROXIES: "127.0.0.1,::1",
  });
  lookInto(app);
});
afterAll(async () => {
  await disconnectDb();
  await app?.stop();
});

async function newAccount(): Promise<string> {
  const email = `${randomUUID()}@murph.example`;
  await createUser({ email, name: "Somebody", role: "PATIENT", password });
  return email;
}

/** As a browser at this address does it; without a client on a device that nobody knows. */
async function signInFrom(
  address: string,
  email: string,
  word = password,
  client = new HttpClient(app.baseUrl),
): Promise<Answer> {
  const headers = { "X-Forwarded-For": address };
  const { csrfToken } = (await client.get("/api/auth/csrf", { headers })).body;
  const form = { csrfToken, email, password: word, callbackUrl: "/consultations" };
  return client.post("/api/auth/callback/credentials", { form, headers });
}

async function guess(address: string, email: string, times: number): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: times }, (_, i) => signInFrom(address, email, `guess ${i}`)));
  return answers.map(({ status }) => status).sort();
}

const letIn = ({ status, headers }: Answer) => [status, headers.get("location")];
const IN = () => [302, `${app.baseUrl}/consultations`];

function expectSlowed(answer: Answer): void {
  expect([answer.status, answer.body.error?.code]).toEqual([429, "rate-limited"]);
  const seconds = Number(answer.headers.get("retry-after"));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(60);
}

test("S5 ATK69 a stranger who guesses is slowed, and the person gets in: on a known device, and from another address", async () => {
  const [email, phone] = [await newAccount(), new HttpClient(app.baseUrl)];
  expect(letIn(await signInFrom("192.0.2.1", email, password, phone))).toEqual(IN());
  phone.cookies.delete("next-auth.session-token");

  expect(await guess("192.0.2.1", email, 12)).toEqual([...Array(LIMIT).fill(302), ...Array(12 - LIMIT).fill(429)]);
  expectSlowed(await signInFrom("192.0.2.1", email));
  expect(letIn(await signInFrom("192.0.2.1", email, password, phone))).toEqual(IN());
  expect(letIn(await signInFrom("198.51.100.7", email))).toEqual(IN());
});

test("S5 ATK69 guesses on a known device are slowed like all others, and whoever has it is known for no other account", async () => {
  const [own, other, phone] = [await newAccount(), await newAccount(), new HttpClient(app.baseUrl)];
  await signInFrom("192.0.2.2", own, password, phone);
  expect(await guess("192.0.2.2", other, LIMIT)).toEqual(Array(LIMIT).fill(302));
  expectSlowed(await signInFrom("192.0.2.2", other, password, phone));

  for (let i = 0; i < LIMIT; i++) {
    expect((await signInFrom(`192.0.2.${20 + i}`, own, `guess ${i}`, phone)).headers.get("location")).toContain(
      "error=",
    );
  }
  expectSlowed(await signInFrom("192.0.2.30", own, password, phone));
});

test("S5 ATK84 any number of addresses get no more than ten times the guesses at one person, who still gets in", async () => {
  const [email, phone] = [await newAccount(), new HttpClient(app.baseUrl)];
  await signInFrom("192.0.2.3", email, password, phone);
  const answers: Answer[] = [];
  for (let i = 0; i < 5; i++) {
    const wave = Array.from({ length: 10 }, (_, j) => signInFrom(`203.0.113.${i * 10 + j}`, email, `guess ${j}`));
    answers.push(...(await Promise.all(wave)));
  }
  expect(answers.filter(({ status }) => status === 302)).toHaveLength(LIMIT * 10);
  for (const answer of answers.filter(({ status }) => status !== 302)) expectSlowed(answer);
  expectSlowed(await signInFrom("198.51.100.8", email));
  expect(letIn(await signInFrom("192.0.2.3", email, password, phone))).toEqual(IN());
});

test("S5 ATK84 one office address works for everybody behind it while somebody there guesses at many accounts", async () => {
  const office = "192.0.2.4";
  const [colleague, newcomer, phone] = [await newAccount(), await newAccount(), new HttpClient(app.baseUrl)];
  await signInFrom(office, colleague, password, phone);
  const guesses = await Promise.all(
    Array.from({ length: 60 }, () => signInFrom(office, `${randomUUID()}@murph.example`, "guess")),
  );
  const refused = guesses.filter(({ status }) => status === 429);
  // Thirty are free, and so many may wait as get their turn within ten seconds.
  expect(refused.length).toBeGreaterThanOrEqual(60 - LIMIT * 10 - 6);
  for (const answer of refused) expectSlowed(answer);
  expect(letIn(await signInFrom(office, colleague, password, phone))).toEqual(IN());
  expect(letIn(await signInFrom(office, newcomer))).toEqual(IN());
});

test("S5 people at one address sign in at once after two wrong words each, on devices that nobody knows", async () => {
  const people = await Promise.all(Array.from({ length: 14 }, newAccount));
  const answers = await Promise.all(
    people.map(async (email) => {
      for (const typo of ["one", "two"]) await signInFrom("192.0.2.5", email, typo);
      return signInFrom("192.0.2.5", email);
    }),
  );
  expect(answers.map(letIn)).toEqual(people.map(IN));
});

test("S5 the device stays known after signing out, and its cookie says nothing and opens nothing", async () => {
  const [email, phone] = [await newAccount(), new HttpClient(app.baseUrl)];
  const answer = await signInFrom("192.0.2.6", email, password, phone);
  const line = answer.headers.getSetCookie().find((one) => one.startsWith(`${DEVICE}=`)) ?? "";
  expect(line).toMatch(/; HttpOnly/);
  expect(line).toMatch(/; SameSite=lax/i);
  const { csrfToken } = (await phone.get("/api/auth/csrf")).body;
  await phone.post("/api/auth/signout", { form: { csrfToken, callbackUrl: "/sign-in" } });
  expect([phone.cookies.has("next-auth.session-token"), phone.cookies.has(DEVICE)]).toEqual([false, true]);
  const device = phone.cookies.get(DEVICE) ?? "";
  phone.cookies.set("next-auth.session-token", device);
  expect((await phone.get("/api/consultations")).status).toBe(401);
  phone.cookies.delete("next-auth.session-token");
  await guess("192.0.2.6", email, LIMIT);
  expect(letIn(await signInFrom("192.0.2.6", email, password, phone))).toEqual(IN());
});
