import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { expect, test } from "vitest";
import { db } from "@/lib/server/db";
import { clientOf, useApp } from "@/tests/support/app-world";
import { HttpClient, postSignIn } from "@/tests/support/http-client";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();

test("ATK87 words, names, addresses, passwords and tokens stand in no log, on good paths and on bad", async () => {
  const canary = `canary${randomUUID().replaceAll("-", "")}`;
  const { patient: person, practitioner: doctor, consultationId } = await createWorld();
  await db().user.update({ where: { id: person.userId }, data: { name: `Name ${canary}` } });
  const [patient, practitioner] = [await clientOf(app, person), await clientOf(app, doctor)];

  const sent = messageOf(consultationId, `content ${canary}`);
  expect((await patient.post("/api/nachrichten", { json: sent })).status).toBe(201);
  const refused = [
    await patient.post("/api/nachrichten", { json: { ...sent, content: `other ${canary}` } }),
    await patient.post("/api/nachrichten", { json: messageOf(consultationId, `nul \u0000 ${canary}`) }),
    await patient.post("/api/nachrichten", { json: { ...sent, id: canary } }),
    await patient.post("/api/nachrichten", {
      raw: `{"content":"${canary}`,
      headers: { "Content-Type": "application/json" },
    }),
    await patient.post("/api/nachrichten", { raw: canary, headers: { "Content-Type": canary } }),
    await patient.get(`/api/consultations/${canary}`),
    await patient.get(`/api/consultations/${consultationId}/events?after=${canary}`),
    await patient.get(`/api/consultations/${consultationId}/events?after=0&epoch=${canary}%00`),
    await patient.get(`/api/${canary}`),
    await patient.post("/api/pusher/auth", { form: { socket_id: canary, channel_name: canary } }),
    await patient.post("/api/pusher/webhook", {
      raw: `{"x":"${canary}"}`,
      headers: { "Content-Type": "application/json", "X-Pusher-Key": canary, "X-Pusher-Signature": canary },
    }),
    await patient.post("/api/auth/_log", { json: { level: "error", code: canary, message: canary } }),
    await new HttpClient(app.baseUrl).get(`/api/auth/signin?callbackUrl=javascript:${canary}`),
    await new HttpClient(app.baseUrl).get(`/api/auth/error?error=${canary}`),
  ];
  for (const { status } of refused) {
    expect(status).toBeGreaterThanOrEqual(300);
    expect(status).toBeLessThan(500);
  }
  await postSignIn(new HttpClient(app.baseUrl), `${canary}@murph.example`, `password ${canary}`);
  await practitioner.post(`/api/consultations/${consultationId}/complete`, { json: { closingNote: `note ${canary}` } });

  const log = fs.readFileSync(app.logFile, "utf8");
  expect(log).toContain("sign-in");
  expect(log).not.toContain(canary);
  for (const secret of [app.nextAuthSecret, patient.cookies.get("next-auth.session-token") ?? "?", "auth_signature"]) {
    expect(log.includes(secret)).toBe(false);
  }
});
