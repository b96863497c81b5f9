import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { useBrowser, write } from "@/tests/support/browser";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

/** 230 messages of many heights by two people, open at its end. */
async function openLongConversation() {
  const { patient, practitioner, consultationId } = await createWorld();
  for (let index = 1; index <= 230; index++) {
    const text = `message ${index}. ${"words ".repeat((index * 7) % 40)}`;
    await sendMessage(index % 3 ? patient : practitioner, messageOf(consultationId, text));
  }
  const { page } = await join(patient, consultationId);
  const log = page.getByRole("log");
  await log.getByText("message 230.").waitFor();
  return { page, log };
}

describe("history", () => {
  it("D1 scrolling up brings older pages, the message in view stays within a pixel, and the DOM stays small", async () => {
    const { log } = await openLongConversation();

    /** Scrolls up by steps; answers by how much the topmost fully visible message moved when rows came in above. */
    const worst = await log.evaluate(async (element) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(undefined)));
      const scroller = [element, ...element.querySelectorAll("*")].find(
        (node) => node.scrollHeight > node.clientHeight + 10 && getComputedStyle(node).overflowY !== "visible",
      );
      if (!scroller) throw new Error("nothing scrolls");
      let moved = 0;
      for (let step = 0; step < 400; step++) {
        if (element.textContent?.includes("message 1. ")) break;
        scroller.scrollTop -= 300;
        await frame();
        await frame();
        const top = scroller.getBoundingClientRect().top;
        // Rows that wait for their first measurement are hidden: nobody sees them move.
        const anchor = [...element.querySelectorAll("article")].find(
          (row) => row.getBoundingClientRect().top >= top && getComputedStyle(row).visibility === "visible",
        );
        const before = anchor?.getBoundingClientRect().top ?? 0;
        for (let wait = 0; wait < 6; wait++) {
          await frame();
          if (anchor?.isConnected) moved = Math.max(moved, Math.abs(anchor.getBoundingClientRect().top - before));
        }
      }
      return { moved, reached: element.textContent?.includes("message 1. ") ?? false };
    });
    expect(worst.reached).toBe(true);
    expect(worst.moved).toBeLessThanOrEqual(1);
    expect(await log.locator("article").count()).toBeLessThan(120);
  });

  it("D1 a page that comes while the reader stands at the very top moves nothing, whenever after the wheel", async () => {
    const { page, log } = await openLongConversation();
    // Each page is held back until the reader is where the test wants him.
    let release = () => {};
    let gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/messages?*", async (route) => {
      await gate;
      await route.continue();
    });
    await log.hover();
    for (const [first, framesAtTop] of [
      [131, 0],
      [81, 4],
      [31, 8],
      [1, 20],
    ] as const) {
      await expect
        .poll(
          async () => {
            await page.mouse.wheel(0, -2_000);
            return log.evaluate((box) => box.scrollTop);
          },
          { timeout: 15_000 },
        )
        .toBe(0);
      const moved = log.evaluate(
        async (box, { text, wait }) => {
          const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(undefined)));
          const edge = box.getBoundingClientRect().top;
          for (let count = 0; count < wait; count++) await frame();
          const anchor = [...box.querySelectorAll("article")].find(
            (row) => row.getBoundingClientRect().top >= edge && getComputedStyle(row).visibility === "visible",
          );
          if (!anchor) throw new Error("no message in view");
          const before = anchor.getBoundingClientRect().top;
          const height = box.scrollHeight;
          Object.assign(window, { anchored: true });
          let worst = 0;
          const deadline = performance.now() + 10_000;
          for (let after = 0; after < 30; ) {
            await frame();
            if (performance.now() > deadline) throw new Error(`no page with ${text}`);
            if (!anchor.isConnected) throw new Error("the message in view went away");
            worst = Math.max(worst, Math.abs(anchor.getBoundingClientRect().top - before));
            if (box.scrollHeight > height + 500) after += 1;
          }
          return worst;
        },
        { text: `message ${first}.`, wait: framesAtTop },
      );
      await page.waitForFunction(() => "anchored" in window);
      await page.evaluate(() => Reflect.deleteProperty(window, "anchored"));
      release();
      expect(await moved, `page from message ${first}`).toBeLessThanOrEqual(1);
      gate = new Promise<void>((resolve) => {
        release = resolve;
      });
    }
  });

  it("D2 A5 who reads older messages is not thrown to the end; a pill says how many are new and leads there", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    for (let index = 1; index <= 60; index++)
      await sendMessage(patient, messageOf(consultationId, `message ${index}.`));
    const [reader, writer] = [await join(patient, consultationId), await join(practitioner, consultationId)];
    await reader.page.getByRole("log").getByText("message 60.").waitFor();
    await reader.page.getByRole("log").hover();
    await reader.page.mouse.wheel(0, -1500);
    const distance = () =>
      reader.page.getByRole("log").evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
    await expect.poll(distance).toBeGreaterThan(1_000);
    const before = await distance();
    await write(writer.page, "something new");
    const pill = reader.page.getByRole("button", { name: /1 new message/i });
    await pill.waitFor();
    expect(await distance()).toBeGreaterThan(before);
    await pill.click();
    await expect.poll(distance).toBeLessThan(2);
    await reader.page.getByRole("log").getByText("something new").waitFor();
  });

  it("UI A5 arrows, Home and End lead through the rows, drawn before or not; who sends is led to the end", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    for (let index = 1; index <= 60; index++)
      await sendMessage(index % 3 ? patient : practitioner, messageOf(consultationId, `message ${index}.`));
    const { page } = await join(patient, consultationId);
    const log = page.getByRole("log");
    const focused = page.locator("article:focus");
    const distance = () => log.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
    await log.getByText("message 60.").waitFor();
    await log.locator('article[tabindex="0"]').focus();
    for (let index = 59; index > 48; index--) {
      await page.keyboard.press("ArrowUp");
      await focused.getByText(`message ${index}.`).waitFor();
    }
    await page.keyboard.press("Home");
    await focused.getByText("message 11.").waitFor();
    // Being near the upper edge brings the older page.
    await log.getByText("message 10.").waitFor();
    await page.keyboard.press("Home");
    await focused.getByText("message 1.").waitFor();
    await page.keyboard.press("End");
    await focused.getByText("message 60.").waitFor();
    await page.keyboard.press("Home");
    await focused.getByText("message 1.").waitFor();
    await expect.poll(distance).toBeGreaterThan(1_000);
    await write(page, "sent from far above");
    await log.getByText("sent from far above").waitFor();
    await expect.poll(distance).toBeLessThan(2);
  });
});
