import type { Page, WebSocket } from "playwright-core";
import { describe, expect, it } from "vitest";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
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

const settings = (page: Page) => page.getByRole("heading", { name: "Settings", level: 1 });
const current = (page: Page) => page.getByRole("navigation").locator('a[aria-current="page"]');

describe("W6 the address is that of the page that is shown, or of the one that is waited for", () => {
  it("W6 whoever stays after Back is where they are, and Back works once it can", async () => {
    const { weber, withAnna } = await practice();
    const { context, page } = await open(weber, sizes[1]);
    await row(page, "Anna").click();
    await said(page, "From Anna").waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await settings(page).waitFor();
    await page.reload();
    await settings(page).waitFor();
    const same = await mark(page);
    for (const _ of ["once", "and again"]) {
      await context.setOffline(true);
      await page.goBack();
      await waiting(page).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/consultations/${withAnna}`);
      await page.getByRole("button", { name: "Stay here" }).click();
      await page.waitForURL("**/settings");
      await waiting(page).waitFor({ state: "hidden" });
      await context.setOffline(false);
      expect(await settings(page).isVisible()).toBe(true);
    }
    await same();
    // The server answers: the router may load it as a document.
    await page.goBack();
    await said(page, "From Anna").waitFor();
    await page.waitForURL(`**/${withAnna}`);
    // Its scripts have come: what leaves a document before is another matter.
    await live(page);
    await page.goForward();
    await settings(page).waitFor();
    await page.waitForURL("**/settings");
  });

  it("W6 a step back while another page is waited for leads where it says, and nobody waits any more", async () => {
    const { weber, withAnna, withBen } = await practice();
    const { context, page } = await open(weber, sizes[1]);
    await row(page, "Anna").click();
    await said(page, "From Anna").waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await settings(page).waitFor();
    await page.getByRole("link", { name: "All consultations" }).click();
    await row(page, "Ben").click();
    await said(page, "From Ben").waitFor();
    await page.reload();
    await live(page);
    const same = await mark(page);

    await context.setOffline(true);
    await page.getByRole("link", { name: "Settings" }).click();
    await waiting(page).waitFor();
    await expect.poll(() => current(page).getAttribute("href")).toBe(`/consultations/${withBen}`);
    await page.goBack();
    await page.waitForURL("**/consultations");
    await waiting(page).waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "Choose a consultation" }).waitFor();
    expect(await current(page).count()).toBe(0);

    await page.goBack();
    await waiting(page).waitFor();
    await page.waitForURL("**/settings");
    await page.goBack();
    await page.waitForURL(`**/${withAnna}`);
    await waiting(page).waitFor({ state: "hidden" });
    await page.locator("header").filter({ hasText: "Anna" }).first().waitFor();
    expect(await current(page).getAttribute("href")).toBe(`/consultations/${withAnna}`);

    await page.goForward();
    await waiting(page).waitFor();
    await row(page, "Ben").click();
    await page.waitForURL(`**/${withBen}`);
    await waiting(page).waitFor({ state: "hidden" });
    await said(page, "From Ben").waitFor();
    await page.goBack();
    await waiting(page).waitFor();
    await context.setOffline(false);
    await settings(page).waitFor();
    await page.waitForURL("**/settings");
    await waiting(page).waitFor({ state: "hidden" });
    await same();
  });

  it("W6 the title is that of the page, also after coming back to it", async () => {
    const { weber } = await practice();
    const { page } = await open(weber, sizes[1]);
    const titled = (title: string) =>
      expect.poll(() => page.title()).toMatch(new RegExp(`^(\\(1\\) )?${title} · Murph$`));
    await row(page, "Anna").click();
    await said(page, "From Anna").waitFor();
    await titled("Conversation");
    await page.getByRole("link", { name: "Settings" }).click();
    await settings(page).waitFor();
    await titled("Settings");
    await page.goBack();
    await said(page, "From Anna").waitFor();
    await titled("Conversation");
    await page.reload();
    await live(page);
    await page.goBack();
    await titled("Consultations");
    await page.getByRole("link", { name: "Settings" }).click();
    await settings(page).waitFor();
    await titled("Settings");
    await page.goBack();
    await row(page, "Anna").waitFor();
    await titled("Consultations");
  });

  it("W6 UI4 a room that was loaded as a document shows nothing to whoever was removed while they were elsewhere", async () => {
    const { weber } = await practice();
    const colleague = await createPerson("PRACTITIONER", "Dr. Berg");
    const berg = await createConsultation([weber, colleague]);
    await sendMessage(weber, messageOf(berg, "Not for everybody"));
    const { page, provoked } = await visit(colleague, sizes[1]);
    provoked.push("404", "403");
    const left = new Promise<void>((resolve) => {
      const watch = (socket: WebSocket) =>
        socket.on("framesent", ({ payload }) => {
          if (/pusher:unsubscribe/.test(`${payload}`) && `${payload}`.includes(`private-consultation-${berg}`))
            resolve();
        });
      page.on("websocket", watch);
    });
    await page.goto(`${app.baseUrl}/consultations/${berg}`);
    await live(page);
    await said(page, "Not for everybody").waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await settings(page).waitFor();
    await left;
    const told = page.waitForResponse((response) => new URL(response.url()).pathname === "/api/consultations");
    await removeParticipant(weber, berg, { userId: colleague.userId });
    await (await told).finished();
    await page.evaluate(() => {
      new MutationObserver(() => {
        if (document.body.innerText.includes("Not for everybody")) Object.assign(window, { shown: true });
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.goBack();
    await page.getByRole("alert").getByRole("heading", { level: 1 }).waitFor();
    expect(await page.evaluate(() => "shown" in window)).toBe(false);
  });
});

describe("W6 what leaves the page", () => {
  it("W6 a page that fails on the server in the middle of its answer is waited for, and opens by itself", async () => {
    const { weber } = await practice();
    const { page, provoked } = await open(weber, sizes[0]);
    provoked.push("500");
    const same = await mark(page);
    // What the server cannot make sense of: its answer has said 200 before it knows.
    const fail = () => db().$executeRaw`
      INSERT INTO sessions (id, user_id, created_at, expires_at)
      VALUES (gen_random_uuid(), ${weber.userId}::uuid, 'infinity', 'infinity')`;
    const heal = () => db().$executeRaw`
      DELETE FROM sessions WHERE user_id = ${weber.userId}::uuid AND created_at = 'infinity'`;
    await fail();
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/settings");
    await page.getByRole("link", { name: "Settings" }).click();
    expect((await answered).status()).toBe(200);
    await waiting(page).waitFor();
    await page.getByRole("button", { name: "Stay here" }).click();
    await waiting(page).waitFor({ state: "hidden" });
    await row(page, "Anna").waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await waiting(page).waitFor();
    await heal();
    await settings(page).waitFor();
    await waiting(page).waitFor({ state: "hidden" });

    await fail();
    await page.getByRole("button", { name: "Deutsch" }).click();
    await page.getByText("No answer from the network.", { exact: false }).waitFor();
    await same();
  });

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
      const toSettings = page.getByRole("link", { name: "Settings" });
      await toSettings.click();
      await waiting(page).waitFor();
      await page.getByRole("button", { name: "Stay here" }).click();
      await waiting(page).waitFor({ state: "hidden" });
      await heal();
      await row(page, "Anna").click();
      await said(page, "From Anna").waitFor();
      await page.goBack();

      if (outage === "offline") await context.setOffline(true);
      else await page.route(broken, (route) => route.fulfill({ status: 502, contentType: "text/html", body: "no" }));
      await toSettings.click();
      await waiting(page).waitFor();
      expect(page.url(), outage).toBe(`${app.baseUrl}/consultations`);
      await heal();
      await settings(page).waitFor();
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
