import { expect, it } from "vitest";
import type { Preferences } from "@/lib/protocol/preferences";
import { violations } from "@/tests/support/accessibility";
import { clientOf, useApp } from "@/tests/support/app-world";
import { useBrowser } from "@/tests/support/browser";
import { createPerson, type Person } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);

async function saved(person: Person): Promise<Preferences> {
  const { status, body } = await (await clientOf(app, person)).get("/api/preferences");
  expect(status).toBe(200);
  return body;
}

it("C6 each way of being told is switched at once, kept, and turned back when it was refused", async () => {
  const person = await createPerson("PATIENT");
  const { page, context, provoked } = await visit(person);
  await page.goto(`${app.baseUrl}/settings`);
  const control = (name: RegExp) => page.getByRole("switch", { name });
  expect(await violations(page)).toEqual([]);
  for (const [name, key] of [
    [/^Notice in Murph/, "toasts"],
    [/^Sound/, "sound"],
    [/^E-mail/, "mail"],
  ] as const) {
    expect(await control(name).isChecked()).toBe(true);
    await control(name).uncheck();
    await expect.poll(async () => (await saved(person))[key]).toBe(false);
  }
  await page.getByText("Saved", { exact: true }).waitFor();

  // The browser says no: nothing is saved, and the way out is said.
  await control(/^Notice of the browser/).click();
  await page.getByText(/Your browser blocks notices/).waitFor();
  expect(await control(/^Notice of the browser/).isChecked()).toBe(false);
  expect((await saved(person)).browserNotifications).toBe(false);
  expect(await violations(page)).toEqual([]);
  await context.grantPermissions(["notifications"], { origin: app.baseUrl });
  await control(/^Notice of the browser/).check();
  await control(/^Show words/).check();
  await expect.poll(() => saved(person)).toMatchObject({ browserNotifications: true, previewInNotifications: true });

  provoked.push("503");
  await page.route("**/api/preferences", (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/json",
      body: JSON.stringify({ error: { code: "unavailable", message: "", details: {} } }),
    }),
  );
  await control(/^Sound/).click();
  await page.getByText(/This was not saved/).waitFor();
  expect(await control(/^Sound/).isChecked()).toBe(false);
  await page.unroute("**/api/preferences");

  await page.reload();
  const shown = await page
    .getByRole("switch")
    .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).checked));
  expect(shown).toEqual([false, true, true, false, false]);
});

it("C6 B1 the same form works without JavaScript, and the language is kept with the account", async () => {
  const person = await createPerson("PRACTITIONER");
  const { page } = await visit(person, { javaScriptEnabled: false });
  await page.goto(`${app.baseUrl}/settings`);
  await page.getByRole("switch", { name: /^Sound/ }).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(async () => (await saved(person)).sound).toBe(false);
  expect(await saved(person)).toMatchObject({ toasts: true, mail: true });
  await page.getByRole("button", { name: "Deutsch" }).click();
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
  await expect.poll(async () => (await saved(person)).locale).toBe("de");
});
