import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { clientOf, useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { LOOKS } from "@/tests/support/look-at-screens";
import { createPerson, createWorld, type Person } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);

/** Anna with her practitioner Dr. Weber, and Dr. Okafor, who is new to her and asks her. */
async function ask(): Promise<{ anna: Person; weber: Person; okafor: Person; id: string }> {
  const { patient: anna, practitioner: weber } = await createWorld();
  const okafor = await createPerson("PRACTITIONER", "Dr. Okafor");
  const { email } = await db().user.findUniqueOrThrow({ where: { id: anna.userId } });
  const id = randomUUID();
  const json = { id, patientEmail: email, patientName: "A. Lindner", subject: "Second opinion" };
  const created = await (await clientOf(app, okafor)).post("/api/consultations", { json });
  expect(created.status).toBe(201);
  return { anna, weber, okafor, id };
}

async function expectClean(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

const WORDS = {
  "a phone, dark, German": { accept: "Annehmen: Dr. Okafor", asks: "bittet Sie um eine schriftliche Sprechstunde" },
  "a tablet, light, German": { accept: "Annehmen: Dr. Okafor", asks: "bittet Sie um eine schriftliche Sprechstunde" },
  "a desktop, light, English": { accept: "Accept: Dr. Okafor", asks: "asks you to a consultation in writing" },
} as const;

it.each(Object.entries(WORDS))(
  "S3 S4 asked by keyboard alone on %s: nothing before, everything after",
  async (name, words) => {
    const { anna, weber, okafor, id } = await ask();
    const look = LOOKS[name as keyof typeof LOOKS];
    const doctor = await visit(okafor, LOOKS["a desktop, light, English"]);
    await doctor.page.goto(`${app.baseUrl}/consultations/${id}`);
    await live(doctor.page);
    await doctor.page.locator("header").getByText("Invited, not accepted yet").waitFor();
    await doctor.page.getByRole("button", { name: "Start consultation" }).click();
    await write(doctor.page, "What do you think of the first report?");
    const colleague = await visit(weber);
    colleague.provoked.push("404");
    await colleague.page.goto(`${app.baseUrl}/consultations/${id}`);
    await colleague.page.getByText("Page not found").waitFor();

    const annas = await visit(anna, look);
    await annas.page.goto(`${app.baseUrl}/consultations`);
    await live(annas.page);
    const list = annas.page.getByRole("navigation");
    const request = list.getByRole("listitem").filter({ hasText: words.asks });
    await request.getByText("Second opinion").waitFor();
    expect(await list.getByRole("listitem").first().getByText(words.asks).count()).toBe(1);
    expect(await list.getByText("first report").count()).toBe(0);
    await expectClean(annas.page);
    expect(await doctor.page.getByText(/Anna/).count()).toBe(0);
    await expectClean(doctor.page);

    await request.getByRole("button", { name: words.accept }).focus();
    await annas.page.keyboard.press("Enter");
    await annas.page.waitForURL(`**/consultations/${id}`);
    await annas.page.getByRole("log").getByText("What do you think of the first report?").waitFor();
    await expectClean(annas.page);
    await doctor.page.getByRole("log").getByText("Anna joined").waitFor();
    await doctor.page.getByRole("heading", { level: 1 }).getByText("Anna").waitFor();
    await doctor.page.getByText("Invited, not accepted yet").first().waitFor({ state: "detached" });
    await write(annas.page, "I have brought it along.");
    await doctor.page.getByRole("log").getByText("I have brought it along.").waitFor();
  },
);

it("S3 a request comes while the list is open, and is gone on all screens once it is declined", async () => {
  const { patient: anna } = await createWorld();
  const tabs = [
    await visit(anna, LOOKS["a desktop, light, English"]),
    await visit(anna, LOOKS["a desktop, light, English"]),
  ];
  for (const { page } of tabs) {
    await page.goto(`${app.baseUrl}/consultations`);
    await live(page);
  }
  const okafor = await createPerson("PRACTITIONER", "Dr. Okafor");
  const doctor = await visit(okafor, LOOKS["a desktop, light, English"]);
  const { email } = await db().user.findUniqueOrThrow({ where: { id: anna.userId } });
  await doctor.page.goto(`${app.baseUrl}/consultations`);
  await live(doctor.page);
  await doctor.page.getByRole("button", { name: "New consultation" }).click();
  await doctor.page.getByLabel("Patient's e-mail").fill(email);
  await doctor.page.getByLabel("Subject").fill("Second opinion");
  await doctor.page.getByRole("button", { name: "Create consultation" }).click();
  const dialog = doctor.page.getByRole("dialog", { name: "The consultation is set up" });
  await dialog.getByText(/nothing proves that whoever opens it owns that address/).waitFor();
  await expectClean(doctor.page);
  await dialog.getByRole("button", { name: "Open the consultation" }).click();
  await doctor.page
    .getByRole("heading", { level: 1 })
    .getByText(email.split("@")[0] ?? "")
    .waitFor();

  for (const { page } of tabs) await page.getByText("asks you to a consultation in writing").waitFor();
  const [first, second] = tabs.map(({ page }) => page);
  await first?.getByRole("button", { name: "Decline: Dr. Okafor" }).click();
  for (const page of [first, second]) {
    await page?.getByText("asks you to a consultation in writing").waitFor({ state: "detached" });
  }
  await doctor.page
    .getByRole("log")
    .getByText(/declined to take part/)
    .waitFor();
  expect(await doctor.page.getByText(/Anna/).count()).toBe(0);
  if (first) await expectClean(first);
});
