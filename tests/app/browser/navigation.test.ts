import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, type Visitor, write } from "@/tests/support/browser";
import { keptDrafts } from "@/tests/support/device-storage";
import { createConsultation, createPerson, messageOf, type Person } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);
const sizes = [{ viewport: { width: 390, height: 844 } }, { viewport: { width: 1440, height: 900 } }] as const;

const row = (page: Page, name: string) => page.getByRole("navigation").getByRole("link").filter({ hasText: name });
const said = (page: Page, text: string) => page.getByRole("log").getByText(text, { exact: true });
const waiting = (page: Page) => page.getByText("That page cannot be fetched just now.", { exact: false });

/** To the list, by the way that this size has. */
async function leave(page: Page): Promise<void> {
  const back = page.getByRole("link", { name: "All consultations" });
  if (await back.isVisible()) await back.click();
}

async function practice(): Promise<{ weber: Person; withAnna: string; withBen: string }> {
  const weber = await createPerson("PRACTITIONER", "Dr. Weber");
  const [anna, ben] = [await createPerson("PATIENT", "Anna"), await createPerson("PATIENT", "Ben")];
  const [withAnna, withBen] = [await createConsultation([anna, weber]), await createConsultation([ben, weber])];
  await sendMessage(anna, messageOf(withAnna, "From Anna"));
  await sendMessage(ben, messageOf(withBen, "From Ben"));
  return { weber, withAnna, withBen };
}

/** A document of this tab is never replaced: what is written into it stays. */
async function mark(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(() => Object.assign(window, { marked: true }));
  return async () => expect(await page.evaluate(() => "marked" in window), "same document").toBe(true);
}

async function open(person: Person, size: (typeof sizes)[number]): Promise<Visitor> {
  const visitor = await visit(person, size);
  visitor.provoked.push("net::", "502", "503");
  await visitor.page.goto(`${app.baseUrl}/consultations`);
  await live(visitor.page);
  return visitor;
}

describe.each(sizes)("W6 at $viewport.width px", (size) => {
  /** Between two rooms a phone shows the list. */
  const steps = size.viewport.width > 800 ? 1 : 2;

  it("W6 rooms open while offline: one from before with all that was loaded, a new one with what the list knows", async () => {
    const { weber, withAnna, withBen } = await practice();
    const { context, page } = await open(weber, size);
    const same = await mark(page);
    await row(page, "Anna").click();
    await said(page, "From Anna").waitFor();
    await leave(page);
    await context.setOffline(true);

    await row(page, "Ben").click();
    await page.waitForURL(`**/${withBen}`);
    await page.getByRole("heading", { name: "These messages cannot be fetched just now" }).waitFor();
    await expect.poll(() => page.locator("header").filter({ hasText: "Ben" }).isVisible()).toBe(true);
    expect(await page.title()).toMatch(/Conversation · Murph$/);
    await leave(page);
    await row(page, "Anna").click();
    await said(page, "From Anna").waitFor();
    await write(page, "Written offline");
    await said(page, "Written offline").waitFor();
    for (let step = 0; step < steps; step += 1) await page.goBack();
    await page
      .getByRole("heading", { name: "These messages cannot be fetched just now" })
      .or(said(page, "From Ben"))
      .waitFor();
    await same();

    await context.setOffline(false);
    await said(page, "From Ben").waitFor();
    await live(page);
    await expect
      .poll(() => db().message.count({ where: { consultationId: withAnna, content: "Written offline" } }))
      .toBe(1);
    await same();
  });

  it("W6 Back and Forward among entries from before a reload need no server", async () => {
    const { weber, withAnna, withBen } = await practice();
    const { context, page } = await open(weber, size);
    await row(page, "Anna").click();
    await said(page, "From Anna").waitFor();
    await leave(page);
    await row(page, "Ben").click();
    await said(page, "From Ben").waitFor();
    await page.reload();
    await live(page);
    const same = await mark(page);
    await context.setOffline(true);
    for (let step = 0; step < steps; step += 1) await page.goBack();
    await page.waitForURL(`**/${withAnna}`);
    await page.locator("header").filter({ hasText: "Anna" }).first().waitFor();
    for (let step = 0; step < steps; step += 1) await page.goForward();
    await page.waitForURL(`**/${withBen}`);
    await said(page, "From Ben").waitFor();
    await same();
    await context.setOffline(false);
    await live(page);
  });
});

describe("W6 what leaves the page", () => {
  it("W6 another page is waited for: settings open by themselves, and whoever stays, stays", async () => {
    const { weber } = await practice();
    const { context, page } = await open(weber, sizes[0]);
    const same = await mark(page);
    for (const outage of ["offline", "502", "captive portal"] as const) {
      const broken = (url: URL) => url.pathname === "/settings";
      if (outage === "offline") await context.setOffline(true);
      else {
        await page.route(broken, (route) =>
          route.fulfill({ status: outage === "502" ? 502 : 200, contentType: "text/html", body: "<h1>Welcome</h1>" }),
        );
      }
      const heal = () => (outage === "offline" ? context.setOffline(false) : page.unroute(broken));
      const settings = page.getByRole("link", { name: "Settings" });
      await settings.click();
      await waiting(page).waitFor();
      await page.getByRole("button", { name: "Stay here" }).click();
      await waiting(page).waitFor({ state: "hidden" });
      await heal();
      await row(page, "Anna").click();
      await said(page, "From Anna").waitFor();
      await page.goBack();

      if (outage === "offline") await context.setOffline(true);
      else await page.route(broken, (route) => route.fulfill({ status: 502, contentType: "text/html", body: "no" }));
      await settings.click();
      await waiting(page).waitFor();
      expect(page.url(), outage).toBe(`${app.baseUrl}/consultations`);
      await heal();
      await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
      await waiting(page).waitFor({ state: "hidden" });
      await page.getByRole("link", { name: "All consultations" }).click();
      await row(page, "Anna").waitFor();
      await same();
    }
  });

  it("W6 signing out and the choice of a language need the server, and say so; nothing is deleted", async () => {
    const { weber, withAnna } = await practice();
    const { context, page, provoked } = await visit(weber);
    provoked.push("net::", "Error: ", "TypeError: Failed to fetch");
    await page.goto(`${app.baseUrl}/consultations/${withAnna}`);
    await live(page);
    await page.getByRole("textbox").fill("Begun");
    await expect.poll(() => keptDrafts(page)).toBe(1);
    await page.goto(`${app.baseUrl}/settings`);
    const same = await mark(page);
    await context.setOffline(true);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Sign out and delete" }).click();
    await page.getByText("You are still signed in, and nothing was deleted.", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Deutsch" }).click();
    await page.getByText("No answer from the network.", { exact: false }).waitFor();
    await same();
    await context.setOffline(false);
    await page.getByRole("button", { name: "Deutsch" }).click();
    await page.getByRole("heading", { name: "Einstellungen", level: 1 }).waitFor();
    await page.goto(`${app.baseUrl}/consultations/${withAnna}`);
    await live(page);
    await expect.poll(() => page.getByRole("textbox").inputValue()).toBe("Begun");
  });
});
