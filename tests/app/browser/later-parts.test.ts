import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser } from "@/tests/support/browser";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);
const lacking = (page: Page) => page.getByText("A part of the app cannot be loaded just now.", { exact: false });

/** The script that holds these words gets no answer until the returned function is called. */
async function withhold(context: BrowserContext, words: string): Promise<() => Promise<void>> {
  const scripts = "**/_next/static/chunks/*.js";
  await context.route(scripts, async (route) => {
    const response = await route.fetch();
    if ((await response.text()).includes(words)) await route.abort();
    else await route.fulfill({ response });
  });
  return () => context.unroute(scripts);
}

describe("W6 parts that come after the page", () => {
  it("W6 a room whose part is lost says so, and opens by itself with the focus where one writes", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "From the patient"));
    const { context, page, provoked } = await visit(practitioner);
    provoked.push("net::");
    const give = await withhold(context, 'role:"log"');
    await page.goto(`${app.baseUrl}/consultations`);
    await live(page);
    await page.evaluate(() => Object.assign(window, { marked: true }));
    await page.locator(`a[href="/consultations/${consultationId}"]`).click();
    await lacking(page).waitFor();
    await give();
    await page.getByRole("log").getByText("From the patient", { exact: true }).waitFor();
    await lacking(page).waitFor({ state: "hidden" });
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("content");
    expect(await page.evaluate(() => "marked" in window)).toBe(true);
  });

  it("W6 what opens over a room does so when its part comes, with the focus in it, and Escape gives it back", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "From the patient"));
    const path = `/consultations/${consultationId}`;
    const { context, page, provoked } = await visit(practitioner);
    provoked.push("net::");
    const give = await withhold(context, "data-radix-menu-content");
    await page.goto(`${app.baseUrl}${path}`);
    await live(page);
    const message = page.getByRole("article").filter({ hasText: "From the patient" });
    await message.focus();
    await message.locator("[data-more]").press("Enter");
    await lacking(page).waitFor();
    await give();
    await page.getByRole("menu").waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest("[role=menu]") !== null)).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "hidden" });
    await expect.poll(() => message.evaluate((row) => row === document.activeElement)).toBe(true);
  });

  it("W6 what opens over a room opens without a connection too", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "From the patient"));
    const { context, page, provoked } = await visit(practitioner);
    provoked.push("net::");
    const loaded = page.waitForLoadState("networkidle");
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
    await loaded;
    await context.setOffline(true);
    const message = page.getByRole("article").filter({ hasText: "From the patient" });
    await message.focus();
    await message.locator("[data-more]").press("Enter");
    await page.getByRole("menuitem").first().waitFor();
    await page.getByRole("menuitem", { name: "React" }).click();
    await page.getByRole("dialog").getByRole("button").first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "People" }).click();
    await page.getByRole("heading", { name: "People" }).waitFor();
  });
});
