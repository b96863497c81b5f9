import { expect, it } from "vitest";
import { seedDemo } from "@/lib/server/accounts/seed-demo";
import { openSession } from "@/lib/server/accounts/sessions";
import { verifyCredentials } from "@/lib/server/accounts/verify-credentials";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { useTestRuntime } from "@/tests/support/database";
import { fingerprint } from "@/tests/support/world";

useTestRuntime();

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
