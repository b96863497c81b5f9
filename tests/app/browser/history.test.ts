import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { useBrowser, write } from "@/tests/support/browser";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

describe("history", () => {
  it("D1 scrolling up brings older pages, the message in view stays within a pixel, and the DOM stays small", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    for (let index = 1; index <= 230; index++) {
      const text = `message ${index}. ${"words ".repeat((index * 7) % 40)}`;
      await sendMessage(index % 3 ? patient : practitioner, messageOf(consultationId, text));
    }
    const { page } = await join(patient, consultationId);
    const log = page.getByRole("log");
    await log.getByText("message 230.").waitFor();

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
        const anchor = [...element.querySelectorAll("article")].find((row) => row.getBoundingClientRect().top >= top);
        const before = anchor?.getBoundingClientRect().top ?? 0;
        for (let wait = 0; wait < 6; wait++) await frame();
        if (anchor?.isConnected) moved = Math.max(moved, Math.abs(anchor.getBoundingClientRect().top - before));
      }
      return { moved, reached: element.textContent?.includes("message 1. ") ?? false };
    });
    expect(worst.reached).toBe(true);
    expect(worst.moved).toBeLessThanOrEqual(1);
    expect(await log.locator("article").count()).toBeLessThan(120);
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
});
