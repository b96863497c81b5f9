import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { createConsultationSchema } from "@/lib/protocol/commands";
import { seedDemo } from "@/lib/server/accounts/seed-demo";
import { openSession } from "@/lib/server/accounts/sessions";
import { verifyCredentials } from "@/lib/server/accounts/verify-credentials";
import { createConsultation } from "@/lib/server/commands/create-consultation";
import { db } from "@/lib/server/db";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { useTestRuntime } from "@/tests/support/database";
import { createPerson, fingerprint } from "@/tests/support/world";

useTestRuntime({ MURPH_DEMO: "true" });

it("E4 the demo people and their consultations are as the protocol says, and a second seed changes nothing", async () => {
  await seedDemo();
  const before = await fingerprint();
  await seedDemo();
  expect(await fingerprint()).toBe(before);

  const rowsOf = async (email: string) => {
    const user = (await verifyCredentials(email, "murph-demo"))?.user;
    if (!user) return expect.unreachable(`${email} cannot sign in`);
    const { sessionId } = await openSession(user.id);
    return listConsultations({ sessionId, userId: user.id });
  };
  const [anna, weber, ben, okafor] = await Promise.all(
    ["anna", "dr.weber", "ben", "dr.okafor"].map((name) => rowsOf(`${name}@murph.example`)),
  );
  const states = (rows: typeof anna) => rows?.map(({ status, counterpart }) => `${status} ${counterpart.name}`);
  expect(states(anna)).toEqual(["IN_PROGRESS Dr. Lena Weber", "COMPLETED Dr. Lena Weber", "SCHEDULED Dr. Lena Weber"]);
  expect(states(weber)).toEqual(["IN_PROGRESS Anna Lindner", "COMPLETED Anna Lindner", "SCHEDULED Anna Lindner"]);
  expect(states(ben)).toEqual(["IN_PROGRESS Dr. Chidi Okafor"]);
  expect(states(okafor)).toEqual(["IN_PROGRESS Ben Hartmann"]);
  expect(anna?.map(({ unreadCount }) => unreadCount)).toEqual([1, 0, 0]);
  expect(weber?.map(({ unreadCount }) => unreadCount)).toEqual([0, 0, 0]);
});

it("S4 E4 the demo people know each other, also those who have not met; nobody else is known by that", async () => {
  await seedDemo();
  const { id: userId } = await db().user.findUniqueOrThrow({ where: { email: "dr.okafor@murph.example" } });
  const okafor = { userId, ...(await openSession(userId)) };
  const setUp = (by: typeof okafor, patientEmail: string) =>
    createConsultation(by, createConsultationSchema.parse({ id: randomUUID(), subject: "Cough", patientEmail }), "en");
  expect(await setUp(okafor, "anna@murph.example")).toMatchObject({
    invitation: null,
    consultation: { invitation: null, counterpart: { name: "Anna Lindner" } },
  });
  const stranger = await createPerson("PRACTITIONER");
  const patient = await db().user.findUniqueOrThrow({ where: { id: (await createPerson("PATIENT")).userId } });
  for (const [by, address] of [
    [stranger, "anna@murph.example"],
    [okafor, patient.email],
  ] as const) {
    expect((await setUp(by, address)).consultation.invitation).not.toBeNull();
  }
});
