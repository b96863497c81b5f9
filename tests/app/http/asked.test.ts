import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createdConsultationSchema, renewedInvitationSchema } from "@/lib/protocol/commands";
import { createUser } from "@/lib/server/accounts/create-user";
import { db, disconnectDb } from "@/lib/server/db";
import { clientOf, lookInto, useApp } from "@/tests/support/app-world";
import { type Answer, HttpClient, signIn } from "@/tests/support/http-client";
import { formOf } from "@/tests/support/page-form";
import { startSmtpServer, type TestSmtpServer } from "@/tests/support/smtp-server";
import { type BuiltApp, startBuiltApp } from "@/tests/support/start-built-app";
import { createPerson } from "@/tests/support/world";

const app = useApp();
const PASSWORD = "correct horse battery";
const SECRET = "a secret of this test, long enough to be one";

async function patient(name = "Anna Secret") {
  const email = `${randomUUID()}@patients.example`;
  const { id } = await createUser({ email, name, role: "PATIENT", password: PASSWORD });
  return { email, id, client: await signIn(app.baseUrl, email, PASSWORD) };
}

const ask = (doctor: HttpClient, patientEmail: string) =>
  doctor.post("/api/consultations", { json: { id: randomUUID(), patientEmail, subject: "Cough" } });

/** Somebody who has an account and is online, and a practitioner whom they do not know. */
async function asked() {
  const anna = await patient();
  const doctor = await clientOf(app, await createPerson("PRACTITIONER", "Dr. Okafor"));
  const answer = await ask(doctor, anna.email);
  const { consultation, invitation } = createdConsultationSchema.parse(answer.body);
  return { anna, doctor, id: consultation.id, path: new URL(invitation?.url ?? "").pathname, answer };
}

const visible = ({ text }: Answer) =>
  text
    .replace(/<script[\s\S]*?<\/script>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

describe("a first consultation with another practitioner", () => {
  test("S4 looking an address up tells nothing: a known one is answered as an unknown one", async () => {
    const { anna, doctor, answer } = await asked();
    const unknown = await ask(doctor, `${randomUUID()}@nowhere.example`);
    const shape = ({ status, body }: Answer) => [
      status,
      JSON.stringify(body)
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "id")
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
        .replace(/\/invite\/[\w-]+/g, "/invite/token"),
    ];
    expect(shape(answer)).toEqual(shape(unknown));
    expect(answer.body.consultation.counterpart).toMatchObject({
      ...{ name: anna.email.split("@")[0], online: false, lastActiveAt: null, image: null },
    });
    expect((await doctor.get("/api/consultations")).text).not.toContain("Anna Secret");
  });

  test("S3 nothing of it is the patient's before they accept, and all of it afterwards", async () => {
    const { anna, doctor, id } = await asked();
    await doctor.post(`/api/consultations/${id}/start`);
    const [row] = (await anna.client.get("/api/consultations")).body.consultations;
    expect(row).toMatchObject({
      id,
      subject: "Cough",
      request: {},
      counterpart: { name: "Dr. Okafor", online: false },
    });
    const own = `private-consultation-${id}`;
    const reads = () =>
      Promise.all([
        anna.client.get(`/api/consultations/${id}`),
        anna.client.get(`/api/consultations/${id}/events?after=0`),
        anna.client.get(`/api/consultations/${id}/messages`),
        anna.client.post("/api/pusher/auth", { form: { socket_id: "1.1", channel_name: own } }),
        anna.client.post("/api/pusher/auth", {
          form: { socket_id: "1.1", channel_name: `presence-consultation-${id}` },
        }),
      ]);
    expect((await reads()).map(({ status }) => status)).toEqual([404, 404, 404, 403, 403]);
    const accepted = await anna.client.post(`/api/consultations/${id}/accept`);
    expect([accepted.status, accepted.body.event.type]).toEqual([200, "user-joined"]);
    expect((await anna.client.post(`/api/consultations/${id}/accept`)).body).toEqual({ event: null });
    expect((await reads()).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await doctor.get(`/api/consultations/${id}`)).text).toContain("Anna Secret");
    const late = await anna.client.post(`/api/consultations/${id}/decline`);
    expect([late.status, late.body.error.code]).toEqual([409, "invitation-closed"]);
  });

  test("S3 declined it is out of the list, in both languages a line says so, and who may not answer is told as everywhere", async () => {
    const { anna, doctor, id } = await asked();
    const stranger = await clientOf(app, await createPerson("PATIENT"));
    for (const way of ["accept", "decline"]) {
      const path = `/api/consultations/${id}/${way}`;
      expect((await stranger.post(path)).status).toBe(404);
      expect((await new HttpClient(app.baseUrl).post(path)).status).toBe(401);
      expect((await anna.client.get(path)).status).toBe(405);
      expect(
        (await anna.client.post(path, { origin: false, headers: { Origin: "https://evil.example" } })).status,
      ).toBe(403);
    }
    const declined = await anna.client.post(`/api/consultations/${id}/decline`);
    expect(declined.body.event).toMatchObject({
      type: "user-left",
      data: { message: { system: { invitation: "declined" } } },
    });
    expect((await anna.client.post(`/api/consultations/${id}/decline`)).body).toEqual({ event: null });
    expect((await anna.client.get("/api/consultations")).body.consultations).toEqual([]);
    expect((await anna.client.post(`/api/consultations/${id}/accept`)).status).toBe(404);
    expect((await doctor.get(`/api/consultations/${id}`)).text).not.toContain("Anna Secret");
  });

  test.each(["accept", "decline"])("S3 without scripts the list has a form to %s", async (answer) => {
    const { anna, id } = await asked();
    const list = await anna.client.get("/consultations");
    for (const words of ["Dr. Okafor", "Practitioner", "asks you to a consultation", "Cough"]) {
      expect(visible(list)).toContain(words);
    }
    const form = formOf(list.text, "consultationId");
    form.set("answer", "nonsense");
    const post = () =>
      anna.client.post("/consultations", { raw: form, headers: { Origin: app.baseUrl }, origin: false });
    expect(visible(await post())).toContain("asks you to a consultation");
    form.set("answer", answer);
    expect(visible(await post())).not.toContain("asks you to a consultation");
    expect((await anna.client.get(`/api/consultations/${id}`)).status).toBe(answer === "accept" ? 200 : 404);
  });

  test("S3 the link of somebody who has an account leads to signing in, never to a password, whoever holds it", async () => {
    const { anna, path, doctor } = await asked();
    const holder = await new HttpClient(app.baseUrl).get(path);
    expect(visible(holder)).toContain("Sign in to accept or decline");
    expect(holder.text).not.toContain('name="password"');
    expect(holder.text).not.toContain("Anna Secret");
    expect(holder.text).toContain('href="/sign-in?callbackUrl=/consultations"');
    expect(visible(await anna.client.get(path))).toContain("To your consultations");
    expect(visible(await doctor.get(path))).toContain("You are signed in here as Dr. Okafor");
  });
});

describe("where a mail server is set up", () => {
  let smtp: TestSmtpServer;
  let real: BuiltApp;
  beforeAll(async () => {
    smtp = await startSmtpServer();
    real = await startBuiltApp(inject("app").distDir, {
      SMTP_URL: smtp.url,
      MAIL_FROM: "Murph <murph@example.org>",
      NEXTAUTH_URL: "http://localhost",
      NEXTAUTH_SECRET: SECRET,
    });
    await disconnectDb();
    lookInto({ ...real, nextAuthSecret: SECRET });
  });
  afterAll(async () => {
    await real?.stop();
    await smtp?.close();
  });

  test("S3 the link reaches the mailbox alone: who invites sees that it was sent, and is asked to hand nothing over", async () => {
    const doctor = await clientOf({ ...real, nextAuthSecret: SECRET }, await createPerson("PRACTITIONER"));
    // Its address is another than NEXTAUTH_URL's, which is its own origin.
    const own = { origin: false, headers: { "Sec-Fetch-Site": "same-origin" } };
    const patientEmail = `${randomUUID()}@patients.example`;
    const created = createdConsultationSchema.parse(
      (await doctor.post("/api/consultations", { ...own, json: { id: randomUUID(), patientEmail, subject: "Cough" } }))
        .body,
    );
    expect(created).toMatchObject({
      invitation: null,
      mail: "smtp",
      consultation: { invitation: { userId: expect.any(String) } },
    });
    const again = await doctor.post(`/api/consultations/${created.consultation.id}/invitation`, own);
    expect(renewedInvitationSchema.parse(again.body)).toMatchObject({ mail: "smtp", invitation: { url: null } });
    const mails = () => smtp.accepted.filter(({ to }) => to.includes(patientEmail));
    await expect.poll(() => mails().length, { timeout: 15_000 }).toBeGreaterThan(0);
    const token = /\/invite\/([\w-]{43})/.exec((mails()[0]?.body ?? "").replace(/=\r?\n/g, ""))?.[1] ?? "";
    expect(token).not.toBe("");
    expect(JSON.stringify([created, again.body, (await doctor.get("/api/consultations")).body])).not.toContain(token);
    expect(visible(await new HttpClient(real.baseUrl).get(`/invite/${token}`))).toContain("Choose a password");
    expect(await db().user.findUniqueOrThrow({ where: { email: patientEmail } })).toMatchObject({ passwordHash: "" });
  });
});
