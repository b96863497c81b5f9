import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { LOCALE_COOKIE } from "@/lib/i18n/locale";
import { createdConsultationSchema, renewedInvitationSchema } from "@/lib/protocol/commands";
import { openSession } from "@/lib/server/accounts/sessions";
import { db } from "@/lib/server/db";
import { clientOf, useApp } from "@/tests/support/app-world";
import { type Answer, HttpClient, signIn } from "@/tests/support/http-client";
import { formOf } from "@/tests/support/page-form";
import { createPerson, type Person } from "@/tests/support/world";

const app = useApp();
const SESSION = "next-auth.session-token";
let practitioner: Person;
let doctor: HttpClient;

beforeAll(async () => {
  practitioner = await createPerson("PRACTITIONER", "Dr. Weber");
  doctor = await clientOf(app, practitioner);
});

const newAddress = () => `${randomUUID()}@patients.example`;
const create = (fields: Record<string, unknown>, by = doctor) =>
  by.post("/api/consultations", { json: { id: randomUUID(), subject: "Cough", ...fields } });

/** Invites somebody new; the path of the link that the practitioner is shown. */
async function invite(address = newAddress()): Promise<{ address: string; path: string; consultationId: string }> {
  const answer = await create({ patientEmail: address, patientName: 'Clara "Neu"' });
  const { consultation, invitation } = createdConsultationSchema.parse(answer.body);
  const url = new URL(invitation?.url ?? "");
  expect(url.origin).toBe(app.baseUrl);
  return { address, path: url.pathname, consultationId: consultation.id };
}

async function accept(path: string, fields: Record<string, string>, by = new HttpClient(app.baseUrl)): Promise<Answer> {
  const form = formOf((await by.get(path)).text, "password");
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return by.post(path, { raw: form, headers: { Origin: app.baseUrl }, origin: false });
}

describe("POST /api/consultations", () => {
  test("A7 201 with the row and, once, an invitation; the repeat is 200 without it, another body 409", async () => {
    const json = { id: randomUUID(), patientEmail: newAddress(), subject: " Cough ", scheduledFor: null };
    const first = await doctor.post("/api/consultations", { json });
    const { consultation, invitation } = createdConsultationSchema.parse(first.body);
    expect([first.status, consultation.subject, consultation.status]).toEqual([201, "Cough", "SCHEDULED"]);
    expect(Date.parse(invitation?.expiresAt ?? "") - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    const again = await doctor.post("/api/consultations", { json: { ...json, unknown: 1 } });
    expect([again.status, again.body]).toEqual([
      200,
      { consultation: first.body.consultation, invitation: null, mail: "none" },
    ]);
    const other = await doctor.post("/api/consultations", { json: { ...json, subject: "Other" } });
    expect([other.status, other.body.error.code]).toEqual([409, "id-conflict"]);
    expect((await doctor.get("/api/consultations")).body.consultations[0].id).toBe(json.id);
  });

  test.each([
    ["patientName", "Dr. Lena Ѡeber"],
    ["subject", "Question to Dr. Lеna Weber"],
  ])(
    "S8 a %s that mixes scripts is 422 with a sentence in the reader's language, and nothing is set up",
    async (field, text) => {
      const patientEmail = newAddress();
      for (const [language, sentence] of [
        ["en", /different alphabets/],
        ["de", /verschiedener Schriften/],
      ] as const) {
        const json = { id: randomUUID(), subject: "Cough", patientEmail, [field]: text };
        const answer = await doctor.post("/api/consultations", { json, headers: { "Accept-Language": language } });
        expect([answer.status, answer.body.error.details]).toEqual([422, { fields: { [field]: "mixed-scripts" } }]);
        expect(answer.body.error.message).toMatch(sentence);
        expect(await db().consultation.count({ where: { id: json.id } })).toBe(0);
      }
      expect(await db().user.count({ where: { email: patientEmail } })).toBe(0);
    },
  );

  test("S8 names and subjects are stored without what nobody sees, and real names as they are", async () => {
    const patientEmail = newAddress();
    const answer = await create({
      patientEmail,
      patientName: "Seán\u2067 O'Brien\u00ad",
      subject: "\u202eTNFα\u200b and γGT",
    });
    expect([answer.status, answer.body.consultation?.subject]).toEqual([201, "TNFα and γGT"]);
    expect(await db().user.findUniqueOrThrow({ where: { email: patientEmail } })).toMatchObject({
      name: "Seán O'Brien",
    });
    for (const patientName of ["Đặng Thị Hà", "Taro 田中", "محمد علي", "דוד כהן", "Иванов Иван"]) {
      const address = newAddress();
      expect((await create({ patientEmail: address, patientName })).status).toBe(201);
      expect(await db().user.findUniqueOrThrow({ where: { email: address } })).toMatchObject({ name: patientName });
    }
  });

  test("ATK35 a patient is 403", async () => {
    const answer = await create({ patientEmail: newAddress() }, await clientOf(app, await createPerson("PATIENT")));
    expect([answer.status, answer.body.error.code]).toEqual([403, "not-allowed"]);
  });

  test.each([
    "a@x.example,b@y.example",
    "a@x.example b@y.example",
    '"a,b"@x.example',
    "<a@x.example>",
    "Clara <a@x.example>",
    "a＠x.example",
    "a@x.example\r\nBcc: b@y.example",
    "a@x.example\nb@y.example",
    "a@x.example%0abcc:b@y.example",
    "a@x\u0000.example",
    "a@[127.0.0.1]",
    "a@x.example;b@y.example",
    "a b@x.example",
    `${"a".repeat(250)}@x.example`,
    "not-an-address",
    "",
  ])("ATK82 %j is no address: 422, and nobody is made or written to", async (patientEmail) => {
    const count = () =>
      Promise.all([
        db().consultation.count({ where: { createdById: practitioner.userId } }),
        db().user.count({
          where: { OR: [{ email: { contains: "x.example" } }, { email: { contains: "y.example" } }] },
        }),
      ]);
    const before = await count();
    const answer = await create({ patientEmail });
    expect([answer.status, answer.body.error?.details]).toEqual([422, { fields: { patientEmail: "not-an-email" } }]);
    expect(await count()).toEqual(before);
  });

  test.each([
    [{ subject: "" }, "subject"],
    [{ subject: "x".repeat(201) }, "subject"],
    [{ subject: "a\u0000b" }, "subject"],
    [{ patientName: "\u200b" }, "patientName"],
    [{ scheduledFor: "tomorrow" }, "scheduledFor"],
    [{ scheduledFor: "2001-01-01T10:00:00.000Z" }, "scheduledFor"],
    [{ id: "x" }, "id"],
    [{ id: "019b8d33-ec88-7330-9a28-0251cc7ec1ea" }, "id"],
  ])("A7 %j is 422 by the field's name", async (fields, field) => {
    const answer = await create({ patientEmail: newAddress(), ...fields });
    expect([answer.status, Object.keys(answer.body.error.details.fields)]).toEqual([422, [field]]);
  });
});

describe("/api/consultations/{id}/invitation", () => {
  const pathOf = (consultationId: string) => `/api/consultations/${consultationId}/invitation`;

  test("R8 POST sends it again and answers the new link and what becomes of the mail; the sixth time is 429", async () => {
    const { address, path, consultationId } = await invite();
    const { status, body } = await doctor.post(pathOf(consultationId));
    expect(status).toBe(200);
    const { invitation, mail } = renewedInvitationSchema.parse(body);
    // This app runs in production without a mail server.
    expect(mail).toBe("none");
    expect(new URL(invitation.url ?? "").origin).toBe(app.baseUrl);
    for (const link of [path, new URL(invitation.url ?? "").pathname]) {
      expect((await new HttpClient(app.baseUrl).get(link)).text).toContain(address);
    }
    const more = await Promise.all(Array.from({ length: 5 }, () => doctor.post(pathOf(consultationId))));
    expect(more.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 429]);
    expect(more.find((answer) => answer.status === 429)?.headers.get("retry-after")).toMatch(/^\d+$/);
  });

  test("R8 DELETE takes the person out, once; the link says that it was withdrawn, on the page and in the form", async () => {
    const { path, consultationId } = await invite();
    const form = formOf((await new HttpClient(app.baseUrl).get(path)).text, "password");
    const first = await doctor.request("DELETE", pathOf(consultationId));
    expect([first.status, first.body.event.type]).toEqual([200, "user-left"]);
    expect((await doctor.request("DELETE", pathOf(consultationId))).body).toEqual({ event: null });
    const { body } = await doctor.get(`/api/consultations/${consultationId}`);
    expect(body.participants).toHaveLength(1);
    expect(visible(await new HttpClient(app.baseUrl).get(path))).toContain("This invitation was withdrawn");
    for (const [name, value] of [
      ["name", "Clara"],
      ["password", "a good password"],
    ] as const)
      form.set(name, value);
    const late = await new HttpClient(app.baseUrl).post(path, {
      raw: form,
      headers: { Origin: app.baseUrl },
      origin: false,
    });
    expect(late.headers.getSetCookie().filter((cookie) => cookie.includes("session-token"))).toEqual([]);
    expect(visible(late)).toContain("This invitation was withdrawn");
  });

  test("R8 after it was accepted both are 409, and who may not is told as everywhere", async () => {
    const { path, consultationId } = await invite();
    const patient = new HttpClient(app.baseUrl);
    await accept(path, { name: "Clara", password: "a good password" }, patient);
    const stranger = await clientOf(app, await createPerson("PRACTITIONER"));
    const calls = (client: HttpClient) =>
      Promise.all([client.post(pathOf(consultationId)), client.request("DELETE", pathOf(consultationId))]);
    for (const [client, status, code] of [
      [doctor, 409, "invitation-closed"],
      [patient, 403, "not-allowed"],
      [stranger, 404, "not-found"],
      [new HttpClient(app.baseUrl), 401, "unauthenticated"],
    ] as const) {
      for (const answer of await calls(client)) expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    }
    expect((await doctor.get(pathOf(consultationId))).status).toBe(405);
  });
});

describe("/invite/{token}, without JavaScript", () => {
  test("R8 the page names who invites, their role, and what to", async () => {
    const scheduledFor = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const answer = await create({ patientEmail: newAddress(), subject: "Cough & fever", scheduledFor });
    const { consultation, invitation } = createdConsultationSchema.parse(answer.body);
    const path = new URL(invitation?.url ?? "").pathname;
    const page = async (language: string) =>
      visible(await new HttpClient(app.baseUrl).get(path, { headers: { "Accept-Language": language } }));
    expect(await page("en")).toMatch(/Dr\. Weber invites you.*Practitioner.*Cough &amp; fever.*Planned for/);
    expect(await page("de")).toMatch(/Dr\. Weber lädt Sie.*Praxis.*Cough &amp; fever/);
    await doctor.post(`/api/consultations/${consultation.id}/cancel`);
    expect(await page("en")).toContain("It was cancelled meanwhile");
  });

  test("A7 name and password, then signed in and led to the consultation; the link has worked once", async () => {
    const { address, path, consultationId } = await invite();
    const page = await new HttpClient(app.baseUrl).get(path);
    expect([page.status, page.text.includes(address), page.text.includes('Clara "Neu"')]).toEqual([200, true, false]);
    const patient = new HttpClient(app.baseUrl);
    const answer = await accept(path, { name: "Clara Neu", password: "a good password" }, patient);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `/consultations/${consultationId}`]);
    expect((await patient.get("/api/auth/session")).body.user).toMatchObject({ name: "Clara Neu", role: "PATIENT" });
    expect((await patient.get(`/api/consultations/${consultationId}`)).status).toBe(200);
    expect((await signIn(app.baseUrl, address, "a good password")).cookies.has(SESSION)).toBe(true);

    const closed = await new HttpClient(app.baseUrl).get(path);
    const never = await new HttpClient(app.baseUrl).get(`/invite/${"A".repeat(43)}`);
    expect([closed.status, never.status]).toEqual([200, 200]);
    expect(visible(closed)).toBe(visible(never));
    expect(visible(closed)).toContain("This invitation is not valid any more");
  });

  test("S5 the device on which an invitation was accepted is known from then on", async () => {
    const [{ path }, by] = [await invite(), new HttpClient(app.baseUrl)];
    await accept(path, { name: "Clara Neu", password: "a good password" }, by);
    expect([by.cookies.has(SESSION), by.cookies.has("murph-device")]).toEqual([true, true]);
  });

  test("A7 nobody signs in to an account whose invitation is open", async () => {
    const { address } = await invite();
    for (const password of ["", "invited", "murph-demo"]) {
      await expect(signIn(app.baseUrl, address, password)).rejects.toThrow("CredentialsSignin");
    }
  });

  test("A7 a password that is too short or a name that says nothing is told in words, and the name is kept", async () => {
    const { address, path } = await invite();
    for (const [fields, words] of [
      [{ name: "Clara Other", password: "short" }, "That password is too short"],
      [{ name: "\u200b", password: "a good password" }, "This name cannot be used"],
    ] as const) {
      const answer = await accept(path, fields);
      expect([answer.status, answer.text.includes(words), answer.headers.getSetCookie()]).toEqual([200, true, []]);
      expect(answer.text).toContain(fields.name);
    }
    expect(await db().user.findUniqueOrThrow({ where: { email: address } })).toMatchObject({ passwordHash: "" });
  });

  test("S8 a name that may pass for another's is told in words, in both languages, and the account stays unmade", async () => {
    const { address, path } = await invite();
    for (const [language, words] of [
      ["en", "Letters of different alphabets are mixed in that name"],
      ["de", "In diesem Namen sind Buchstaben verschiedener Schriften gemischt"],
    ] as const) {
      const by = new HttpClient(app.baseUrl);
      by.cookies.set(LOCALE_COOKIE, language);
      const answer = await accept(path, { name: "Dr. Lena Ѡeber", password: "a good password" }, by);
      expect([answer.status, answer.text.includes(words)]).toEqual([200, true]);
    }
    expect(await db().user.findUniqueOrThrow({ where: { email: address } })).toMatchObject({ passwordHash: "" });
    await accept(path, { name: "\u202eĐặng\u200b Thị Hà\u202c", password: "a good password" });
    expect(await db().user.findUniqueOrThrow({ where: { email: address } })).toMatchObject({ name: "Đặng Thị Hà" });
  });

  test("F21 a form that is posted twice at once has one winner", async () => {
    const { path } = await invite();
    const clients = Array.from({ length: 5 }, () => new HttpClient(app.baseUrl));
    const forms = await Promise.all(clients.map(async (client) => formOf((await client.get(path)).text, "password")));
    const answers = await Promise.all(
      clients.map((client, index) => {
        const form = forms[index] ?? new FormData();
        form.set("password", `password number ${index}`);
        return client.post(path, { raw: form, headers: { Origin: app.baseUrl }, origin: false });
      }),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(clients.filter(({ cookies }) => cookies.has(SESSION))).toHaveLength(1);
    for (const { status } of answers) expect([200, 303]).toContain(status);
  });

  test("ATK72 ATK103 whoever was signed in in that browser is not any more, and goes on elsewhere", async () => {
    const { path } = await invite();
    const here = await openSession(practitioner.userId);
    const browser = await clientOf(app, { ...practitioner, ...here });
    expect((await browser.get(path)).text).toContain("Dr. Weber");
    await accept(path, { name: "Clara", password: "a good password" }, browser);
    expect((await browser.get("/api/auth/session")).body.user).toMatchObject({ name: "Clara" });
    expect((await doctor.get("/api/auth/session")).body.user).toMatchObject({ name: "Dr. Weber" });
    const { endedAt } = await db().session.findUniqueOrThrow({ where: { id: here.sessionId } });
    expect(endedAt).not.toBeNull();
  });

  test("ATK75 a foreign or missing origin is 403, and nobody is let in", async () => {
    const { address, path } = await invite();
    const client = new HttpClient(app.baseUrl);
    const form = formOf((await client.get(path)).text, "password");
    form.set("password", "a good password");
    for (const headers of [{}, { Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
      const answer = await client.post(path, { raw: form, headers: headers as Record<string, string>, origin: false });
      expect([headers, answer.status]).toEqual([headers, 403]);
    }
    expect(client.cookies.has(SESSION)).toBe(false);
    expect(await db().user.findUniqueOrThrow({ where: { email: address } })).toMatchObject({ passwordHash: "" });
  });

  test("A7 the page's path goes to nobody: no referrer beyond the origin, no cache, no index, not in the logs", async () => {
    const { path } = await invite();
    const { headers, text } = await new HttpClient(app.baseUrl).get(path);
    expect(headers.get("referrer-policy")).toBe("strict-origin");
    expect(headers.get("cache-control")).toContain("no-store");
    expect(text).toMatch(/<meta name="robots" content="noindex/);
    await new HttpClient(app.baseUrl).post(path, { origin: false });
    expect(fs.readFileSync(app.logFile, "utf8")).not.toContain(path.slice("/invite/".length));
  });

  test("ATK81 the link of a mail leads to our own address, whatever Host the request had", async () => {
    const address = newAddress();
    await doctor.request("POST", "/api/consultations", {
      json: { id: randomUUID(), subject: "Cough", patientEmail: address },
      headers: { "X-Forwarded-Host": "evil.example" },
    });
    const sent = () => db().simulatedMail.findFirst({ where: { toAddress: address } });
    await expect.poll(sent, { timeout: 15_000 }).not.toBeNull();
    expect((await sent())?.text).not.toContain("evil.example");
  });
});

describe("/dev", () => {
  test("ATK95 is not there in production, also where demo people are", async () => {
    for (const by of [new HttpClient(app.baseUrl), doctor]) {
      const answer = await by.get("/dev");
      expect([answer.status, /Cursors|Sockets|Simulated/.test(answer.text)]).toEqual([404, false]);
    }
  });
});

/** What stands on a page, without what differs between any two of them. */
function visible({ text }: Answer): string {
  return text
    .replace(/<script[\s\S]*?<\/script>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
