import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { useBrowser, write } from "@/tests/support/browser";
import { TALL } from "@/tests/support/chat-page";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

/** A poll's own patience is a second, which a busy machine does not always have. */
const SOON = { timeout: 10_000 };

const log = (page: Page) => page.getByRole("log");
/** By its own words, not by those that it quotes. */
const messageWith = (page: Page, text: string) =>
  log(page)
    .locator("article")
    .filter({ has: page.locator('[id$="-text"]').filter({ hasText: text }) });

async function choose(page: Page, message: Locator, action: string): Promise<void> {
  await message.hover();
  await message.getByRole("button", { name: "What can be done with this message" }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

/** Wherever the page has it, seen or only spoken. */
async function linesWith(page: Page, text: string): Promise<string[]> {
  return (await page.locator("body").innerText()).split("\n").filter((line) => line.includes(text));
}

describe("two people correct themselves", () => {
  it("A6 D5 ATK104 edit, reply, react and delete reach the other side, and old words are nowhere any more", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const [anna, weber] = [await join(patient, consultationId, TALL), await join(practitioner, consultationId, TALL)];
    const pages = [anna.page, weber.page];
    await write(anna.page, "It hurts in my left ear");
    await messageWith(weber.page, "left ear").waitFor();

    // Leaving an edit gives the draft back; ArrowUp begins one where nothing is written.
    const box = anna.page.getByRole("textbox");
    await box.fill("and by the way");
    await choose(anna.page, messageWith(anna.page, "left ear"), "Edit");
    await expect.poll(() => box.inputValue(), SOON).toBe("It hurts in my left ear");
    await box.press("Escape");
    await expect.poll(() => box.inputValue()).toBe("and by the way");
    await box.fill("");
    await box.press("ArrowUp");
    await expect.poll(() => box.inputValue(), SOON).toBe("It hurts in my left ear");
    await box.fill("It hurts in my right ear");
    await box.press("Enter");
    await expect.poll(() => box.inputValue(), SOON).toBe("");
    for (const page of pages) {
      await messageWith(page, "right ear").getByText("edited").waitFor();
      await expect.poll(() => linesWith(page, "left ear"), SOON).toEqual([]);
    }

    await choose(weber.page, messageWith(weber.page, "right ear"), "Reply");
    await weber.page.getByText("Reply to Anna").waitFor();
    expect(await violations(weber.page)).toEqual([]);
    await weber.page.getByRole("textbox").fill("Since when?");
    await weber.page.getByRole("textbox").press("Enter");
    const quote = (page: Page) => messageWith(page, "Since when?").getByRole("button", { name: /^In reply to/ });
    for (const page of pages) await quote(page).getByText("right ear").waitFor();

    await choose(anna.page, messageWith(anna.page, "It hurts"), "Edit");
    await box.fill("It hurts in both ears");
    await box.press("Enter");
    for (const page of pages) {
      await quote(page).getByText("both ears").waitFor();
      await expect.poll(() => linesWith(page, "right ear"), SOON).toEqual([]);
    }

    await choose(weber.page, messageWith(weber.page, "Since when?"), "React");
    expect(await violations(weber.page)).toEqual([]);
    await weber.page.getByRole("button", { name: "Thank you" }).click();
    const chip = (page: Page, count: number, names: RegExp) =>
      page.getByRole("button", { name: new RegExp(`^🙏 ${count} ?: (${names.source})$`) });
    await chip(anna.page, 1, /Dr\. Weber/).click();
    await chip(anna.page, 2, /Dr\. Weber, You|You, Dr\. Weber/).waitFor();
    await chip(weber.page, 2, /You, Anna|Anna, You/).waitFor();
    await expect.poll(() => db().reaction.count({ where: { message: { consultationId } } }), SOON).toBe(2);
    await chip(anna.page, 2, /.*/).click();
    await chip(weber.page, 1, /You/).waitFor();

    await choose(anna.page, messageWith(anna.page, "both ears"), "Delete");
    const dialog = anna.page.getByRole("alertdialog");
    expect(await violations(anna.page)).toEqual([]);
    await dialog.getByRole("button", { name: "Delete" }).click();
    for (const page of pages) {
      await quote(page).getByText("This message was deleted").waitFor();
      await expect.poll(() => linesWith(page, "both ears"), SOON).toEqual([]);
    }
    const rows = await db().message.findMany({ where: { consultationId }, orderBy: { seq: "asc" } });
    expect(rows.map(({ content }) => content)).toEqual([null, "Since when?"]);
    expect(await violations(anna.page)).toEqual([]);
  }, 120_000);

  it("A6 A8 SND1 a change made offline is shown and saved later; one that comes too late keeps its words", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const [anna, weber] = [await join(patient, consultationId, TALL), await join(practitioner, consultationId, TALL)];
    anna.provoked.push("net::", "409");
    const box = anna.page.getByRole("textbox");
    await write(anna.page, "two tablets a day");
    await messageWith(weber.page, "two tablets").waitFor();
    await anna.context.setOffline(true);
    await box.press("ArrowUp");
    await box.fill("three tablets a day");
    await box.press("Enter");
    await messageWith(anna.page, "three tablets").getByText("Change not saved yet").waitFor();
    expect(await messageWith(weber.page, "two tablets").count()).toBe(1);
    await anna.context.setOffline(false);
    await messageWith(weber.page, "three tablets").waitFor();
    await messageWith(anna.page, "three tablets").getByText("Change not saved yet").waitFor({ state: "detached" });

    await db().$executeRaw`
      UPDATE messages SET created_at = created_at - interval '16 minutes' WHERE consultation_id = ${consultationId}::uuid`;
    await box.press("ArrowUp");
    await box.fill("four tablets a day");
    await box.press("Enter");
    const parked = messageWith(anna.page, "four tablets");
    await parked.getByText("It is too late to change that message").waitFor();
    expect(await parked.getByRole("button", { name: "Try again" }).count()).toBe(0);
    expect(await violations(anna.page)).toEqual([]);
    await parked.getByRole("button", { name: "Write it as a new message" }).click();
    await messageWith(anna.page, "three tablets").waitFor();
    await box.press("Enter");
    await messageWith(weber.page, "four tablets").waitFor();
  });
});

describe("a quote", () => {
  it("D2 D5 leads to its message, loading what lies between, and the focus goes there", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const first = messageOf(consultationId, "where it all began");
    await sendMessage(practitioner, first);
    for (let index = 1; index <= 120; index++)
      await sendMessage(index % 3 ? patient : practitioner, messageOf(consultationId, `message ${index}.`));
    await sendMessage(practitioner, { ...messageOf(consultationId, "as I said"), replyToId: first.id });
    const { page } = await join(patient, consultationId);
    const quote = log(page).getByRole("button", { name: /^In reply to/ });
    await quote.click();
    const focused = page.locator("article:focus");
    await focused.getByText("where it all began").waitFor();
    const inView = () =>
      focused.evaluate((row) => {
        const box = row.closest('[role="log"]')?.getBoundingClientRect();
        const { top, bottom } = row.getBoundingClientRect();
        return box !== undefined && top >= box.top && bottom <= box.bottom;
      });
    await expect.poll(inView, SOON).toBe(true);
    // It stays there: what is measured only now moves nothing.
    const top = () => focused.evaluate((row) => Math.round(row.getBoundingClientRect().top));
    const before = await top();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(1);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Go to the latest message" }).click();
    await log(page).getByText("as I said").waitFor();
  });
});
