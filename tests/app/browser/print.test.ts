import type { Page } from "playwright-core";
import { v7 } from "uuid";
import { expect, it } from "vitest";
import { clientOf, useApp } from "@/tests/support/app-world";
import { appendMany } from "@/tests/support/append-many";
import { useBrowser } from "@/tests/support/browser";
import { writeOffline } from "@/tests/support/chat-page";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

/** How much of the record was on the page when the browser took it for the printer, and on how many sheets. */
async function print(page: Page): Promise<{ letters: number; sheets: number }> {
  await page.evaluate(() =>
    window.addEventListener("beforeprint", () => {
      Reflect.set(window, "letters", document.querySelector("[data-record]")?.textContent?.length ?? 0);
    }),
  );
  const pdf = await page.pdf({ format: "A4" });
  const letters = await page.evaluate(() => Number(Reflect.get(window, "letters")));
  return { letters, sheets: pdf.toString("latin1").match(/\/Type \/Page\b/g)?.length ?? 0 };
}

it("R6 a conversation prints as a record of all that is loaded, on white, and says what is not in it", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  await appendMany(practitioner, consultationId, { count: 120 });
  const [asked, edited, deleted] = [v7(), v7(), v7()];
  const [his, her] = [await clientOf(app, practitioner), await clientOf(app, patient)];
  await his.post("/api/nachrichten", { json: messageOf(consultationId, "Take 5 mg", edited) });
  await his.request("PATCH", `/api/nachrichten/${edited}`, { json: { content: "Take 50 mg" } });
  await his.post("/api/nachrichten", { json: messageOf(consultationId, "A slip", deleted) });
  await his.request("DELETE", `/api/nachrichten/${deleted}`);
  await her.post("/api/nachrichten", {
    json: { ...messageOf(consultationId, "With water?", asked), replyToId: edited },
  });

  const { page, provoked } = await join(practitioner, consultationId, { colorScheme: "dark" });
  const log = page.getByRole("log");
  await log.getByText("With water?").waitFor();
  provoked.push("net::");
  await writeOffline(page, ["Not sent by me"]);
  const place = await log.evaluate((box) => {
    box.scrollTop = box.scrollHeight / 2;
    return box.scrollTop;
  });
  const { letters, sheets } = await print(page);
  expect(letters).toBeGreaterThan(5_000);
  expect(sheets).toBeGreaterThan(2);
  expect(await page.locator("[data-record]").count()).toBe(0);
  expect(await log.evaluate((box) => box.scrollTop)).toBe(place);

  const record = page.locator("[data-record]");
  // The page is told of another medium with a frame, other than of a printer.
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await record.waitFor();
  const paper = await page.locator("body").innerText();

  // The header, and where it begins.
  expect(paper).toMatch(/^Murph\s+Test\s+People/);
  for (const words of [
    "Anna (Patient)",
    "Dr. Weber (Practitioner)",
    "In progress",
    "Printed by",
    "Earlier messages are",
  ]) {
    expect(paper).toContain(words);
  }
  expect(paper).toContain(`${new Date().getUTCFullYear()}, `);
  expect(paper).toContain("newer messages may be missing");
  // Every message that is loaded, far above and below what the screen draws, in order and once.
  const numbers = [...paper.matchAll(/^Message (\d+)\./gm)].map(([, number]) => Number(number));
  const first = numbers[0] ?? 0;
  expect(first).toBeGreaterThan(1);
  expect(numbers).toEqual(Array.from({ length: 121 - first }, (_, index) => first + index));
  // Marks, quotes, and nothing that was taken back.
  expect(paper).toMatch(/Dr\. Weber \(Practitioner\) · .+ \d{4}, \d\d:\d\d\s+Take 50 mg\s+edited .+ \d{4}, \d\d:\d\d/);
  expect(paper).toMatch(/In reply to Dr\. Weber: Take 50 mg\s+With water\?/);
  expect(paper).toMatch(/This message was deleted on .+ \d{4}, \d\d:\d\d/);
  expect(paper).not.toMatch(/A slip|Take 5 mg/);
  // What was not sent stands apart from it.
  expect(paper.indexOf("Not sent\n")).toBeGreaterThan(paper.indexOf("With water?"));
  expect(paper).toMatch(/Not sent\n.+Waiting to be sent\s+Not sent by me/s);
  // No controls, no colours of the night; and then the screen is back.
  for (const words of ["Load earlier", "Settings", "Consultations", "Complete"]) expect(paper).not.toContain(words);
  const colours = await record.evaluate((box) => [getComputedStyle(box).color, getComputedStyle(box).backgroundColor]);
  expect(colours).toEqual(["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
  expect(await log.isVisible()).toBe(false);
  await page.emulateMedia({ media: "screen" });
  await log.waitFor();
  expect(await record.count()).toBe(0);
});
