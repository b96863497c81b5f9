import { expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { unreadForMinutes } from "@/tests/support/unread-for";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);
const SOON = { timeout: 20_000 };

it("A4 who left is written to once, finds the conversation by the link, and is called again only by what comes after", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const { email } = await db().user.findUniqueOrThrow({ where: { id: practitioner.userId } });
  const mails = () => db().simulatedMail.findMany({ where: { toAddress: email }, orderBy: { sentAt: "asc" } });
  const mailCount = (count: number) => expect.poll(async () => (await mails()).length, SOON).toBe(count);

  const webers = await join(practitioner, consultationId);
  const annas = await join(patient, consultationId);
  await webers.page.goto("about:blank");
  for (const text of ["the rash is back", "and it itches"]) await write(annas.page, text);
  await expect.poll(() => db().message.count({ where: { consultationId } }), SOON).toBe(2);
  await unreadForMinutes([consultationId]);
  await mailCount(1);
  await write(annas.page, "are you there?");
  await expect.poll(() => db().message.count({ where: { consultationId } }), SOON).toBe(3);

  const [mail] = await mails();
  expect(`${mail?.subject} ${mail?.text}`).not.toMatch(/rash|itches|Anna|Weber/);
  const link = /\/consultations\/[0-9a-f-]{36}/.exec(mail?.text ?? "")?.[0];
  await webers.page.goto(`${app.baseUrl}${link}`);
  await live(webers.page);
  await webers.page.getByRole("log").getByText("are you there?").waitFor();
  const position = () => db().participant.findFirstOrThrow({ where: { consultationId, userId: practitioner.userId } });
  await expect.poll(async () => (await position()).readUpToSeq, SOON).toBe(3);

  await webers.page.goto("about:blank");
  await write(annas.page, "I forgot something");
  await expect.poll(() => db().message.count({ where: { consultationId } }), SOON).toBe(4);
  expect(await mails()).toHaveLength(1);
  await unreadForMinutes([consultationId]);
  await mailCount(2);
});
