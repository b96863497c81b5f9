import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { createWorld, messageOf, type Person } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
/** A poll's own patience is a second, which a busy machine does not always have. */
const SOON = { timeout: 10_000 };

async function say(person: Person, consultationId: string, from: number, to: number): Promise<void> {
  for (let index = from; index <= to; index++)
    await sendMessage(person, messageOf(consultationId, `message ${index}. ${"words ".repeat((index * 5) % 20)}`));
}

/** Somebody who looks at another window until `look` is called: the browser of a test is always focused. */
async function joinUnfocused(person: Person, consultationId: string) {
  const visitor = await visit(person);
  await visitor.page.addInitScript(() => {
    const looking = { now: false };
    Object.assign(window, { looking });
    document.hasFocus = () => looking.now;
  });
  await visitor.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
  await live(visitor.page);
  const look = () =>
    visitor.page.evaluate(() => {
      Reflect.get(window, "looking").now = true;
      window.dispatchEvent(new Event("focus"));
    });
  return { ...visitor, look };
}

const distance = (page: Page) =>
  page.getByRole("log").evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);

describe("what the sender is told", () => {
  it("C4 sent, delivered and read with their times, only on own messages, and read only once it was looked at", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const weber = await join(practitioner, consultationId);
    await write(weber.page, "How are you today?");
    const mark = (page: Page) => page.getByRole("log").locator("article").filter({ hasText: "How are you today?" });
    await mark(weber.page).getByText("Sent", { exact: true }).waitFor();

    const anna = await joinUnfocused(patient, consultationId);
    await mark(weber.page)
      .getByText(/^Delivered \d\d:\d\d/)
      .waitFor();
    const position = () => db().participant.findFirstOrThrow({ where: { consultationId, userId: patient.userId } });
    expect((await position()).readUpToSeq).toBe(0);
    expect(await mark(weber.page).getByText(/^Read/).count()).toBe(0);
    await anna.look();
    await mark(weber.page)
      .getByText(/^Read \d\d:\d\d/)
      .waitFor();
    expect((await position()).readUpToSeq).toBe(1);
    expect(
      await mark(anna.page)
        .getByText(/Sent|Delivered|Read/)
        .count(),
    ).toBe(0);
    for (const { page } of [anna, weber]) expect(await violations(page)).toEqual([]);
  });
});

describe("what was unread", () => {
  it("D2 stands below a divider with its count, which stays while one reads and goes with an answer", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await say(practitioner, consultationId, 1, 2);
    await say(patient, consultationId, 3, 3);
    await db().participant.updateMany({ where: { consultationId }, data: { readUpToSeq: 3, deliveredUpToSeq: 3 } });
    await say(practitioner, consultationId, 4, 6);
    const { page } = await join(patient, consultationId);
    const divider = page.getByText("3 unread messages", { exact: true }).and(page.locator('[role="log"] *'));
    await divider.waitFor();
    const order = await page.getByRole("log").innerText();
    expect(order.indexOf("message 3.")).toBeLessThan(order.indexOf("3 unread messages"));
    expect(order.indexOf("3 unread messages")).toBeLessThan(order.indexOf("message 4."));
    await expect
      .poll(
        async () =>
          (await db().participant.findFirst({ where: { consultationId, userId: patient.userId } }))?.readUpToSeq,
        SOON,
      )
      .toBe(6);
    expect(await divider.count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    await write(page, "an answer");
    await divider.waitFor({ state: "detached" });
    await page.reload();
    await live(page);
    expect(await divider.count()).toBe(0);
  });

  it("D2 C4 more than a screen of it opens where it begins, counts down as one reads, and the pill leads to its end", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await say(patient, consultationId, 1, 10);
    await db().participant.updateMany({ where: { consultationId }, data: { readUpToSeq: 10, deliveredUpToSeq: 10 } });
    await say(practitioner, consultationId, 11, 50);
    const { page } = await join(patient, consultationId);
    const log = page.getByRole("log");
    await expect.poll(() => distance(page), SOON).toBeGreaterThan(500);
    const [box, divider] = [await log.boundingBox(), await log.locator("[data-unread]").boundingBox()];
    const [top, height] = [(divider?.y ?? 0) - (box?.y ?? 0), box?.height ?? 0];
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(height / 2);
    const read = async () =>
      (await db().participant.findFirstOrThrow({ where: { consultationId, userId: patient.userId } })).readUpToSeq;
    await expect.poll(read, SOON).toBeGreaterThan(10);
    expect(await read()).toBeLessThan(50);
    const pill = page.getByRole("button", { name: /new messages/ });
    const left = async () => Number.parseInt((await pill.innerText()).trim(), 10);
    const first = await left();
    expect(first).toBeLessThan(40);
    await log.hover();
    await page.mouse.wheel(0, 600);
    await expect.poll(left, SOON).toBeLessThan(first);
    await pill.click();
    await expect.poll(() => distance(page), SOON).toBeLessThan(2);
    await expect.poll(read, SOON).toBe(50);
    expect(await violations(page)).toEqual([]);
  });
});
