import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser } from "@/tests/support/browser";
import { bubbles, TALL, textsIn } from "@/tests/support/chat-page";
import { keptDrafts } from "@/tests/support/device-storage";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { join, visit } = useBrowser(app);
const SOON = { timeout: 20_000 };

const box = (page: Page) => page.getByRole("textbox", { name: "Message" });

it("W2 SND2 each Enter is its own message, in order, on a machine six and twenty times slower", async () => {
  const { patient, consultationId } = await createWorld();
  const { page, context } = await join(patient, consultationId, TALL);
  const cdp = await context.newCDPSession(page);
  await box(page).focus();
  const written: string[] = [];
  for (const rate of [6, 20]) {
    await cdp.send("Emulation.setCPUThrottlingRate", { rate });
    for (const word of ["ja", "ok", "no", "hm"]) {
      written.push(`${word}${rate}`);
      await page.keyboard.type(`${word}${rate}`);
      await page.keyboard.press("Enter");
    }
  }
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await expect.poll(() => textsIn(consultationId), SOON).toEqual(written);
  await expect.poll(() => bubbles(page), SOON).toEqual(written);
  expect(await box(page).inputValue()).toBe("");
  // A key that is held sends once, and is no reason to complain.
  await page.keyboard.type("held");
  for (let repeat = 0; repeat < 4; repeat += 1) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await expect.poll(() => textsIn(consultationId), SOON).toEqual([...written, "held"]);
  expect(await page.getByText("There is nothing to send").count()).toBe(0);
});

describe("W3 two tabs with one room", () => {
  it("W3 D7 one draft is sent once, two drafts are both there after a reload, and a closed tab's come back", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context } = await join(patient, consultationId);
    const room = `${app.baseUrl}/consultations/${consultationId}`;
    await box(page).fill("one draft");
    await expect.poll(() => keptDrafts(page), SOON).toBe(1);
    const beside = await context.newPage();
    await beside.goto(room);
    await live(beside);
    await expect.poll(() => box(beside).inputValue(), SOON).toBe("one draft");
    await box(beside).press("Enter");
    await expect.poll(() => textsIn(consultationId), SOON).toEqual(["one draft"]);
    await expect.poll(() => box(page).inputValue(), SOON).toBe("");
    await box(page).press("Enter");

    await box(page).fill("from the first");
    await box(beside).fill("from the second");
    await expect.poll(() => keptDrafts(page), SOON).toBe(2);
    for (const tab of [page, beside]) {
      await tab.reload();
      await live(tab);
    }
    await expect.poll(() => box(page).inputValue(), SOON).toBe("from the first");
    await expect.poll(() => box(beside).inputValue(), SOON).toBe("from the second");

    await beside.close();
    await page.reload();
    await live(page);
    await expect.poll(() => box(page).inputValue(), SOON).toBe("from the second\nfrom the first");
    await box(page).press("Enter");
    await expect.poll(() => textsIn(consultationId), SOON).toEqual(["one draft", "from the second\nfrom the first"]);
    await expect.poll(() => keptDrafts(page), SOON).toBe(0);
  });
});

it("W4 what is typed before the page's scripts have come is kept, though an extension put an element beside the field", async () => {
  const { patient, consultationId } = await createWorld();
  const { page, provoked } = await visit(patient);
  provoked.push("Error: Minified React error #418", "Failed to load resource");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/_next/static/**/*.js", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${app.baseUrl}/consultations/${consultationId}`, { waitUntil: "commit" });
  await box(page).pressSequentially("typed too early");
  await page.evaluate(() => {
    document.querySelector('textarea[name="content"]')?.after(document.createElement("grammar-extension"));
  });
  release();
  await live(page);
  await expect.poll(() => box(page).inputValue(), SOON).toBe("typed too early");
  await expect.poll(() => keptDrafts(page), SOON).toBe(1);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("content");
  await page.keyboard.type(", and on");
  await page.keyboard.press("Enter");
  await expect.poll(() => textsIn(consultationId), SOON).toEqual(["typed too early, and on"]);
});

it("W7 R8 a closing note comes back with Continue; a draft left at the end is discarded, and sign-out tells of it truly", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const [anna, weber] = [await join(patient, consultationId), await join(practitioner, consultationId)];
  anna.provoked.push("401");
  await box(anna.page).fill("one more question");
  const complete = () => weber.page.getByRole("button", { name: "Complete consultation" }).first().click();
  const dialog = weber.page.getByRole("dialog");
  await complete();
  await dialog.getByRole("textbox").fill("Rest for two days.");
  await dialog.getByRole("button", { name: "Complete consultation" }).click();
  await weber.page.getByRole("button", { name: "Continue" }).click();
  await weber.page.getByRole("timer").waitFor({ state: "detached" });
  await complete();
  await expect.poll(() => dialog.getByRole("textbox").inputValue()).toBe("Rest for two days.");
  await dialog.getByRole("radio", { name: "Now" }).check();
  await dialog.getByRole("button", { name: "Complete consultation" }).click();
  for (const { page } of [anna, weber]) await page.getByRole("log").getByText("Rest for two days.").waitFor();
  expect(await weber.page.getByText("You were writing a closing note").count()).toBe(0);

  await anna.page.getByText("one more question").waitFor();
  const signOut = async (page: Page) => {
    await page.goto(`${app.baseUrl}/settings`);
    await page.getByRole("button", { name: "Sign out" }).click();
  };
  await signOut(anna.page);
  await anna.page.getByRole("heading", { name: "1 draft was begun and not sent" }).waitFor();
  await anna.page.getByRole("link", { name: "Show in the conversation" }).click();
  await anna.page.getByRole("button", { name: "Discard" }).click();
  await anna.page.getByText("one more question").waitFor({ state: "detached" });
  await expect.poll(() => keptDrafts(anna.page), SOON).toBe(0);
  await signOut(anna.page);
  await anna.page.waitForURL("**/sign-in**");
});
