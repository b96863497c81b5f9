import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser } from "@/tests/support/browser";
import { focused, focusOn, go } from "@/tests/support/keyboard";

const app = useApp();
const { visit } = useBrowser(app);
async function enterAs(page: Page, name: RegExp): Promise<void> {
  await page.goto(`${app.baseUrl}/sign-in`);
  await go(page, "Tab", name);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/consultations");
  await go(page, "Tab", /^A .*Persistent cough/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/consultations/*");
  await live(page);
  await focusOn(page, /^TEXTAREA/);
}

describe("by keyboard alone", () => {
  it("UI A6 C4 D5 from sign-in to a sent, edited, reacted-to and read message", async () => {
    const [anna, weber] = [(await visit(null)).page, (await visit(null)).page];
    await enterAs(anna, /BUTTON.*Anna/);
    await anna.keyboard.type("tipped by keyboard");
    await anna.keyboard.press("Enter");
    const mine = anna.getByRole("log").locator("article").filter({ hasText: "by keyboard" });
    await mine.getByText("tipped by keyboard").waitFor();
    await anna.keyboard.press("ArrowUp");
    await anna.getByText("You are editing a message").waitFor();
    for (let letter = 0; letter < "tipped by keyboard".length; letter++) await anna.keyboard.press("ArrowLeft");
    await anna.keyboard.press("Delete");
    await anna.keyboard.press("Delete");
    await anna.keyboard.type("ty");
    await anna.keyboard.press("Enter");
    await mine.getByText("typped by keyboard").waitFor();
    await mine.getByText("edited").waitFor();

    await enterAs(weber, /BUTTON.*Weber/);
    const theirs = weber.getByRole("log").locator("article").filter({ hasText: "typped by keyboard" });
    await theirs.waitFor();
    await go(weber, "Shift+Tab", /^ARTICLE/);
    await weber.keyboard.press("End");
    if (!(await focused(weber)).includes("typped by keyboard")) await go(weber, "ArrowUp", /typped by keyboard/);
    await weber.keyboard.press("Enter");
    await weber.getByRole("menu").waitFor();
    await go(weber, "ArrowDown", /React/);
    await weber.keyboard.press("Enter");
    await weber.getByRole("button", { name: "Thumbs up" }).waitFor();
    await go(weber, "ArrowRight", /Done/);
    await weber.keyboard.press("Enter");
    await mine.getByRole("button", { name: /^✅ 1 ?: Dr\. .*Weber/ }).waitFor();
    await weber.locator("article:focus").filter({ hasText: "typped by keyboard" }).waitFor();
    await mine.getByText(/^Read/).waitFor();
    for (const page of [anna, weber]) expect(await violations(page)).toEqual([]);
  }, 120_000);
});
