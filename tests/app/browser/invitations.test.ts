import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { createdConsultationSchema } from "@/lib/protocol/commands";
import { violations } from "@/tests/support/accessibility";
import { clientOf, useApp } from "@/tests/support/app-world";
import { useBrowser, write } from "@/tests/support/browser";
import { createPerson } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
const WIDE = { viewport: { width: 1440, height: 900 } };
const INVITED = "Invited, not accepted yet";

/** A consultation of two practitioners with somebody who was invited to it. */
async function invite(name: string) {
  const [weber, okafor] = [
    await createPerson("PRACTITIONER", "Dr. Weber"),
    await createPerson("PRACTITIONER", "Dr. Okafor"),
  ];
  const client = await clientOf(app, weber);
  const json = { id: randomUUID(), patientEmail: `${randomUUID()}@murph.example`, patientName: name, subject: "Cough" };
  const created = await client.post("/api/consultations", { json });
  const { consultation, invitation } = createdConsultationSchema.parse(created.body);
  const path = `/api/consultations/${consultation.id}`;
  await client.post(`${path}/participants`, { json: { userId: okafor.userId } });
  await client.post(`${path}/start`);
  return {
    weber: await join(weber, consultation.id, WIDE),
    okafor: await join(okafor, consultation.id, WIDE),
    link: app.baseUrl + new URL(invitation?.url ?? "").pathname,
  };
}

async function openPeople(page: Page) {
  await page.getByRole("button", { name: "People in this consultation" }).click();
  return page.getByRole("region", { name: "People" });
}

it("R8 who has not accepted is shown as invited, is invited again, learns who invites, and joins on all screens", async () => {
  const { weber, okafor, link } = await invite("Nora");
  for (const { page } of [weber, okafor]) {
    await page.locator("header").getByText(INVITED).waitFor();
    await page.getByRole("navigation").getByText(INVITED).waitFor();
  }
  const people = await openPeople(weber.page);
  await people.getByText(/^Invited .*The link works until/).waitFor();
  expect(await violations(weber.page)).toEqual([]);
  await people.getByRole("button", { name: "Invite again" }).click();
  const dialog = weber.page.getByRole("dialog", { name: "Invited again" });
  await dialog.getByText(/No e-mail is set up here, so Nora gets none/).waitFor();
  const again = await dialog.getByRole("textbox", { name: "Invitation link" }).inputValue();
  expect(await violations(weber.page)).toEqual([]);
  await dialog.getByRole("button", { name: "Done" }).click();
  expect(new URL(again).pathname).not.toBe(new URL(link).pathname);

  const nora = await visit(null);
  await nora.page.goto(app.baseUrl + new URL(again).pathname);
  await nora.page.getByText("Dr. Weber invites you to a consultation in writing").waitFor();
  await nora.page.getByText("Cough").waitFor();
  expect(await violations(nora.page)).toEqual([]);
  await nora.page.getByLabel("Your name").fill("Nora Neu");
  await nora.page.getByLabel("Choose a password").fill("long enough to keep");
  await nora.page.getByRole("button", { name: "Go to the consultation" }).click();
  await nora.page.waitForURL("**/consultations/*");
  for (const { page } of [weber, okafor]) {
    await page.getByRole("log").getByText("Nora Neu joined").waitFor();
    await page.getByText(INVITED).first().waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 1 }).getByText("Nora Neu").waitFor();
  }
  expect(await people.getByRole("button", { name: "Withdraw invitation" }).count()).toBe(0);

  await write(okafor.page, "Good morning");
  await weber.page.getByRole("navigation").getByText("Dr. Okafor: Good morning").waitFor();
  await okafor.page.getByRole("navigation").getByText("You: Good morning").waitFor();
  await write(nora.page, "And to you");
  await weber.page.getByRole("navigation").getByText("Nora Neu: And to you").waitFor();
});

it("R8 an invitation is withdrawn after a question, on all screens, and its link says so", async () => {
  const { weber, okafor, link } = await invite("Nora");
  const people = await openPeople(weber.page);
  await people.getByRole("button", { name: "Withdraw invitation" }).click();
  const question = weber.page.getByRole("alertdialog", { name: "Withdraw the invitation of Nora?" });
  expect(await violations(weber.page)).toEqual([]);
  await question.getByRole("button", { name: "Withdraw invitation" }).click();
  for (const { page } of [weber, okafor]) {
    await page.getByRole("log").getByText("Dr. Weber withdrew the invitation of Nora").waitFor();
    await page.getByText(INVITED).first().waitFor({ state: "detached" });
  }
  expect(await people.getByText("Nora", { exact: true }).count()).toBe(0);
  const nora = await visit(null);
  await nora.page.goto(link);
  await nora.page.getByText("This invitation was withdrawn").waitFor();
  expect(await violations(nora.page)).toEqual([]);
});
