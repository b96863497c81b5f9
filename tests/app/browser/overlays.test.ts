import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser } from "@/tests/support/browser";
import { createConsultation, createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);
const sizes = [{ viewport: { width: 390, height: 844 } }, { viewport: { width: 1440, height: 900 } }] as const;

interface Overlay {
  name: string;
  open(): Promise<void>;
  shown: Locator;
  byHand(): Promise<void>;
}

/** Where the tab stands in its history. */
function place(page: Page): Promise<number> {
  return page.evaluate(
    () => (window as unknown as { navigation: { currentEntry: { index: number } } }).navigation.currentEntry.index,
  );
}

/** Resolves once the tab stands at the next entry, whatever the page makes of it then. */
function goForward(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const { navigation } = window as unknown as { navigation: EventTarget };
        navigation.addEventListener("currententrychange", () => resolve(), { once: true });
        history.forward();
      }),
  );
}

/** Every way out of an overlay leads to the page it was opened over, at the same place of history. */
async function expectInHistory(page: Page, { name, open, shown, byHand }: Overlay): Promise<void> {
  const [url, at] = [page.url(), await place(page)];
  const back = async (how: string) => {
    await shown.waitFor({ state: "hidden" });
    await expect.poll(() => place(page), { message: `${name}, ${how}` }).toBe(at);
    expect(page.url(), `${name}, ${how}`).toBe(url);
  };
  await open();
  await shown.waitFor();
  await page.goBack();
  await back("Back");
  await goForward(page);
  await back("Forward");
  for (const [how, close] of Object.entries({ hand: byHand, Escape: () => page.keyboard.press("Escape") })) {
    await open();
    await shown.waitFor();
    await close();
    await back(how);
  }
}

describe.each(sizes)("R5 at $viewport.width px", (size) => {
  it("R5 Back closes what is open over a page and nothing else; by hand it leaves no entry behind", async () => {
    const { practitioner, patient, consultationId } = await createWorld();
    await sendMessage(practitioner, messageOf(consultationId, "Good morning"));
    const { page } = await visit(practitioner, size);
    await page.goto(`${app.baseUrl}/consultations`);
    await live(page);
    const button = (name: string | RegExp) => page.getByRole("button", { name });
    const create = page.getByRole("dialog", { name: "New consultation" });
    await expectInHistory(page, {
      name: "new consultation",
      open: () => button("New consultation").click(),
      shown: create,
      byHand: () => create.getByRole("button", { name: "Not now" }).click(),
    });

    await page.getByRole("link", { name: /Anna/ }).click();
    await page.waitForURL("**/consultations/*");
    await live(page);
    const people = page.getByRole("region", { name: "People" }).or(page.getByRole("dialog", { name: "People" }));
    const message = page.getByRole("log").locator("article").filter({ hasText: "Good morning" });
    const menu = page.getByRole("menu");
    const openMenu = () => message.focus().then(() => page.keyboard.press("Enter"));
    const pick = (name: string) => menu.getByRole("menuitem", { name }).click();
    const besides = () => page.mouse.click(size.viewport.width / 2, 300);
    const openPeople = () => button("People in this consultation").click();
    await expectInHistory(page, {
      ...{ name: "people", open: openPeople, shown: people },
      byHand: () => people.getByRole("button", { name: "Close" }).click(),
    });
    await expectInHistory(page, { name: "menu", open: openMenu, shown: menu, byHand: besides });
    await expectInHistory(page, {
      ...{ name: "picker out of the menu", open: () => openMenu().then(() => pick("React")), byHand: besides },
      shown: page.getByRole("dialog", { name: "Choose a reaction" }),
    });
    const dialog = page.getByRole("alertdialog");
    await expectInHistory(page, {
      ...{ name: "deletion out of the menu", open: () => openMenu().then(() => pick("Delete")), shown: dialog },
      byHand: () => dialog.getByRole("button", { name: "Keep", exact: false }).click(),
    });
    const end = page.getByRole("dialog", { name: "Complete this consultation?" });
    await expectInHistory(page, {
      ...{ name: "the end", open: () => button("Complete consultation").click(), shown: end },
      byHand: () => end.getByRole("button", { name: "Not yet" }).click(),
    });

    // One over the other, each a step of its own.
    await openPeople();
    await people.getByRole("button", { name: "Remove Anna" }).click();
    await dialog.waitFor();
    await page.goBack();
    await dialog.waitFor({ state: "hidden" });
    await expect.poll(() => people.isVisible()).toBe(true);

    // A reload closes it, and there is nothing to go back from.
    const at = await place(page);
    await page.reload();
    await live(page);
    expect(await people.isVisible()).toBe(false);
    await expect.poll(() => place(page)).toBe(at - 1);

    // Whatever leads elsewhere takes its place.
    await openPeople();
    await people.waitFor();
    const other = await createConsultation([practitioner, await createPerson("PATIENT", "Ben")]);
    await sendMessage(patient, messageOf(consultationId, "Another one"));
    await page.evaluate(
      (path) => (window as unknown as { next: { router: { push(path: string): void } } }).next.router.push(path),
      `/consultations/${other}`,
    );
    await page.waitForURL(`**/${other}`);
    await people.waitFor({ state: "hidden" });
    await page.goBack();
    await page.waitForURL(`**/${consultationId}`);
    await message.waitFor();
    expect(await people.isVisible()).toBe(false);
    await page.goForward();
    await page.waitForURL(`**/${other}`);
    await page.goBack();
    await page.waitForURL(`**/${consultationId}`);
    await page.goBack();
    await page.waitForURL("**/consultations");
  });
});
