import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createUser } from "@/lib/server/accounts/create-user";
import { disconnectDb } from "@/lib/server/db";
import { clientOf, lookInto } from "@/tests/support/app-world";
import { type Answer, HttpClient, postSignIn, signIn } from "@/tests/support/http-client";
import { formOf } from "@/tests/support/page-form";
import { type BuiltApp, startBuiltApp } from "@/tests/support/start-built-app";
import { createWorld, messageOf } from "@/tests/support/world";

let app: BuiltApp;
beforeAll(async () => {
  app = await startBuiltApp(inject("app").distDir, {
    MURPH_RATE_SENDS: "5",
    MURPH_RATE_AUTH: "5",
    MURPH_RATE_SIGN_IN: "3",
    MURPH_RATE_INVITATIONS: "2",
  });
  lookInto(app);
});
afterAll(async () => {
  await disconnectDb();
  await app?.stop();
});

const password = "correct horse battery";
async function newAccount(): Promise<string> {
  const email = `${randomUUID()}@murph.example`;
  await createUser({ email, name: "Somebody", role: "PATIENT", password });
  return email;
}

function expectLimited(answer: Answer, atMostSeconds: number): void {
  expect([answer.status, answer.body.error?.code]).toEqual([429, "rate-limited"]);
  const seconds = Number(answer.headers.get("retry-after"));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(atMostSeconds);
}

test("ATK84 sends are counted by person: 429 with Retry-After, in parallel and from any address", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const client = await clientOf(app, patient);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      client.post("/api/nachrichten", {
        json: messageOf(consultationId, `${i}`),
        headers: { "X-Forwarded-For": `10.0.0.${i}` },
      }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  for (const answer of answers.filter(({ status }) => status !== 201)) expectLimited(answer, 10);
  const invalid = await client.post("/api/nachrichten", { raw: "{", headers: { "Content-Type": "text/plain" } });
  expectLimited(invalid, 10);
  const other = await (await clientOf(app, practitioner)).post("/api/nachrichten", {
    json: messageOf(consultationId, "x"),
  });
  expect(other.status).toBe(201);
});

test("ATK84 A6 D5 corrections, reactions and what a practitioner does are counted by person, apart from sends", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const client = await clientOf(app, practitioner);
  const { id } = messageOf(consultationId, "x");
  await (await clientOf(app, patient)).post("/api/nachrichten", { json: messageOf(consultationId, "x", id) });
  const path = `/api/nachrichten/${id}`;
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      client.request("PUT", `${path}/reactions/${String.fromCodePoint(0x1f600 + i)}`),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  for (const answer of answers.filter(({ status }) => status !== 200)) expectLimited(answer, 10);
  expectLimited(await client.request("PATCH", path, { json: { content: "y" } }), 10);
  expectLimited(await client.request("DELETE", path), 10);
  for (const rest of ["/start", "/complete", "/cancel", "/participants"]) {
    expectLimited(await client.post(`/api/consultations/${consultationId}${rest}`), 10);
  }
  const sent = await client.post("/api/nachrichten", { json: messageOf(consultationId, "x") });
  expect(sent.status).toBe(201);
});

test("ATK84 channel authorisations are counted by person", async () => {
  const { patient, consultationId } = await createWorld();
  const client = await clientOf(app, patient);
  const form = { socket_id: "1.1", channel_name: `private-consultation-${consultationId}` };
  for (let i = 0; i < 5; i++) expect((await client.post("/api/pusher/auth", { form })).status).toBe(200);
  expectLimited(await client.post("/api/pusher/auth", { form }), 60);
});

test("S5 ATK69 ATK84 three wrong passwords slow down whoever guesses, however written or sent", async () => {
  const email = await newAccount();
  const guesses = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      postSignIn(new HttpClient(app.baseUrl), i % 2 ? email : ` ${email.toUpperCase()}`, `guess ${i}`),
    ),
  );
  expect(guesses.filter(({ status }) => status === 302)).toHaveLength(3);
  for (const answer of guesses.filter(({ status }) => status !== 302)) expectLimited(answer, 60);
  expectLimited(await postSignIn(new HttpClient(app.baseUrl), email, password), 60);
  expect(
    (await postSignIn(new HttpClient(app.baseUrl), await newAccount(), password)).headers.get("location"),
  ).toContain("/consultations");
});

test("S3 whoever finds a device signed in cannot guess the present password: wrong ones count as in signing in", async () => {
  const email = await newAccount();
  const here = await signIn(app.baseUrl, email, password);
  const form = formOf((await here.get("/settings")).text, "current");
  const guess = async (current: string) => {
    form.set("current", current);
    form.set("password", "another good password");
    const { text } = await here.post("/settings", { raw: form, headers: { Origin: app.baseUrl }, origin: false });
    return text;
  };
  for (let tries = 0; tries < 3; tries++) {
    expect(await guess(`wrong ${tries}`)).toContain("That is not your present password");
  }
  for (const late of ["wrong again", password]) expect(await guess(late)).toContain("Too many attempts");
  await expect(signIn(app.baseUrl, email, password)).resolves.toBeInstanceOf(HttpClient);
});

test("ATK69 somebody who posts the form in a browser reads words instead of JSON", async () => {
  const email = await newAccount();
  const client = new HttpClient(app.baseUrl);
  const { csrfToken } = (await client.get("/api/auth/csrf")).body;
  const post = () =>
    client.post("/api/auth/callback/credentials", {
      form: { csrfToken, email, password: "wrong" },
      headers: { Accept: "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate" },
    });
  for (let i = 0; i < 3; i++) expect((await post()).headers.get("location")).toContain("CredentialsSignin");
  const limited = await post();
  expect([limited.status, limited.headers.get("location")]).toEqual([303, `${app.baseUrl}/sign-in?error=RateLimited`]);
});

test("many who sign in to one account at once, rightly, are all let in", async () => {
  const email = await newAccount();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => postSignIn(new HttpClient(app.baseUrl), email, password)),
  );
  expect(answers.map(({ headers }) => headers.get("location"))).toEqual(Array(10).fill(`${app.baseUrl}/consultations`));
});

test("S5 ATK69 ATK84 an address that guesses at many accounts is slowed, whatever X-Forwarded-For it writes", async () => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const client = new HttpClient(app.baseUrl);
      const { csrfToken } = (await client.get("/api/auth/csrf")).body;
      return client.post("/api/auth/callback/credentials", {
        form: { csrfToken, email: `${randomUUID()}@murph.example`, password: "x" },
        headers: {
          "X-Forwarded-For": `203.0.113.${i}`,
          "X-Real-IP": `203.0.113.${i}`,
          Forwarded: `for=203.0.113.${i}`,
        },
      });
    }),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(60 - 30 - 6);
  for (const answer of refused) expectLimited(answer, 60);
});

test("ATK84 consultations that a practitioner sets up are counted, since they write to addresses", async () => {
  const { practitioner } = await createWorld();
  const client = await clientOf(app, practitioner);
  const create = () => {
    const json = { id: randomUUID(), subject: "Cough", patientEmail: `${randomUUID()}@murph.example` };
    return client.post("/api/consultations", { json });
  };
  expect([(await create()).status, (await create()).status]).toEqual([201, 201]);
  expectLimited(await create(), 600);
});

test("S5 ATK84 invitation links that lead nowhere are counted by address, and one that works still works", async () => {
  const guess = (i: number) =>
    new HttpClient(app.baseUrl).get(`/invite/${randomUUID()}`, { headers: { "X-Forwarded-For": `10.0.0.${i}` } });
  for (let i = 0; i < 30; i++) expect((await guess(i)).text).toContain("This invitation is not valid any more");
  expect((await guess(31)).text).toContain("Too many attempts");

  const doctor = await clientOf(app, (await createWorld()).practitioner);
  const json = { id: randomUUID(), subject: "Cough", patientEmail: `${randomUUID()}@murph.example` };
  const { url } = (await doctor.post("/api/consultations", { json })).body.invitation;
  expect((await new HttpClient(app.baseUrl).get(new URL(url).pathname)).text).toContain('name="password"');
});
