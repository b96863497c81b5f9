import { expect, test } from "vitest";
import { db } from "@/lib/server/db";
import { TEST_CRON_SECRET } from "@/tests/support/app-server";
import { clientOf, useApp } from "@/tests/support/app-world";
import { HttpClient } from "@/tests/support/http-client";
import { unreadForMinutes } from "@/tests/support/unread-for";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();

test("A4 the running app writes to somebody who stays away, and to nobody who has read", async () => {
  const [away, there] = [await createWorld(), await createWorld()];
  for (const { patient, consultationId } of [away, there]) {
    const by = await clientOf(app, patient);
    await by.post("/api/nachrichten", { json: messageOf(consultationId, "words that stay in the house") });
  }
  const reader = await clientOf(app, there.practitioner);
  await reader.post(`/api/consultations/${there.consultationId}/receipts`, { json: { readUpToSeq: 1 } });

  const ids = [away.consultationId, there.consultationId];
  await unreadForMinutes(ids);
  await expect
    .poll(() => db().mail.findMany({ where: { consultationId: { in: ids } }, select: { userId: true, state: true } }), {
      timeout: 15_000,
    })
    .toEqual([{ userId: away.practitioner.userId, state: "sent" }]);
  const { email } = await db().user.findUniqueOrThrow({ where: { id: away.practitioner.userId } });
  const [mail, ...more] = await db().simulatedMail.findMany({ where: { toAddress: email } });
  expect([mail?.subject, mail?.text.includes("stay in the house"), more]).toEqual(["New message", false, []]);
});

test("A4 a host that only calls the cron route sends mail by it", async () => {
  const answer = await new HttpClient(app.baseUrl).post("/api/cron/relay", {
    headers: { Authorization: `Bearer ${TEST_CRON_SECRET}` },
  });
  expect([answer.status, answer.body]).toMatchObject([200, { mailed: expect.any(Number) }]);
});
