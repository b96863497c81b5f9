import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { useBrowser, write } from "@/tests/support/browser";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);
/** A poll's own patience is a second, which a busy machine does not always have. */
const SOON = { timeout: 10_000 };

async function announce(page: Page, note: string): Promise<void> {
  await page.getByRole("button", { name: "Complete consultation" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.getByRole("radio", { name: "In one minute" }).isChecked()).toBe(true);
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("textbox").fill(note);
  await dialog.getByRole("button", { name: "Complete consultation" }).click();
  await dialog.waitFor({ state: "hidden" });
}

async function talk() {
  const { patient, practitioner, consultationId } = await createWorld();
  const [anna, weber] = [await join(patient, consultationId), await join(practitioner, consultationId)];
  return { anna: anna.page, weber: weber.page, pages: [anna.page, weber.page], consultationId };
}

const status = async (id: string) => (await db().consultation.findUniqueOrThrow({ where: { id } })).status;

describe("the announced end", () => {
  it("A7 is counted down for both, who can still write; the practitioner goes on or ends it sooner", async () => {
    const { anna, weber, pages, consultationId } = await talk();
    await announce(weber, "Rest for two days.");
    for (const page of pages) await page.getByText(/It ends in 0:[0-5]\d\./).waitFor();
    await anna.getByText("Dr. Weber is ending this consultation").waitFor();
    expect(await anna.getByRole("button", { name: "Continue" }).count()).toBe(0);
    // The focus is not lost with the button that opened the dialog.
    await expect.poll(() => weber.evaluate(() => document.activeElement?.tagName), SOON).not.toBe("BODY");
    for (const page of pages) expect(await violations(page)).toEqual([]);
    await write(anna, "one last thing");
    await weber.getByRole("log").getByText("one last thing").waitFor();

    await weber.getByRole("button", { name: "Continue" }).click();
    for (const page of pages) {
      await page.getByRole("timer").waitFor({ state: "detached" });
      await page.getByRole("log").getByText("Dr. Weber continued the consultation").waitFor();
    }
    expect(await status(consultationId)).toBe("IN_PROGRESS");

    await announce(weber, "Rest for three days.");
    await weber.getByRole("button", { name: "End now" }).click();
    for (const page of pages) {
      await page.getByRole("log").getByText("Rest for three days.").waitFor();
      await page.getByText("This consultation is completed").waitFor();
    }
    expect(await status(consultationId)).toBe("COMPLETED");
    expect(await anna.getByText("Rest for two days.").count()).toBe(0);
  });

  it("A7 comes by itself when its time is up, and who was writing can copy the words", async () => {
    const { anna, weber, pages, consultationId } = await talk();
    await write(anna, "said before");
    await announce(weber, "");
    await anna.getByRole("timer").waitFor();
    await anna.getByRole("textbox").fill("still writing this");
    // The minute is moved, not waited for: the database's clock decides.
    await db().consultation.update({ where: { id: consultationId }, data: { closesAt: new Date() } });
    for (const page of pages) {
      await page.getByText("This consultation is completed").waitFor();
      await expect.poll(() => page.getByRole("timer").count(), { timeout: 10_000 }).toBe(0);
    }
    await anna.getByText("still writing this").waitFor();
    await anna.getByText("You were writing. It was not sent:").waitFor();
    // What is over can be read and copied, nothing else.
    const message = anna.getByRole("log").locator("article").filter({ hasText: "said before" });
    await message.hover();
    await message.getByRole("button", { name: "What can be done with this message" }).click();
    expect(await anna.getByRole("menuitem").allInnerTexts()).toEqual(["Copy"]);
    expect(await violations(anna)).toEqual([]);
  });
});
