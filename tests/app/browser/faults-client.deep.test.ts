import type { Route } from "playwright-core";
import { expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { appendMany } from "@/tests/support/append-many";
import { live, useBrowser, write } from "@/tests/support/browser";
import { bubbles, TALL, textsIn } from "@/tests/support/chat-page";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);

const DAY_MS = 86_400_000;

/** Runs in the page before its scripts: its clock is off by `window.clockShift`. */
function shiftClock(ms: number): void {
  const shifted = window as unknown as { clockShift: number };
  shifted.clockShift = ms;
  const { now } = Date;
  const Original = Date;
  const Shifted = new Proxy(Original, {
    construct: (target, args: []) => (args.length === 0 ? new target(now() + shifted.clockShift) : new target(...args)),
    get: (target, name) => (name === "now" ? () => now() + shifted.clockShift : Reflect.get(target, name)),
  });
  globalThis.Date = Shifted;
}

it("F20 SEQ2 with clocks a day ahead and a day behind both see one order and the server's times", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const [ahead, behind] = [await visit(patient, TALL), await visit(practitioner, TALL)];
  await ahead.page.addInitScript(shiftClock, DAY_MS);
  await behind.page.addInitScript(shiftClock, -DAY_MS);
  for (const { page } of [ahead, behind]) {
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
  }
  for (let number = 1; number <= 3; number++) {
    for (const { page } of [ahead, behind]) {
      const text = `${page === ahead.page ? "ahead" : "behind"} ${number}`;
      await write(page, text);
      for (const other of [ahead, behind]) await other.page.getByRole("log").getByText(text, { exact: true }).waitFor();
    }
  }
  const rows = await db().message.findMany({ where: { consultationId }, orderBy: { seq: "asc" } });
  for (const { page } of [ahead, behind]) {
    await expect.poll(() => bubbles(page)).toEqual(rows.map(({ content }) => content));
    const times = await page
      .getByRole("log")
      .locator("article", { has: page.locator("time") })
      // A message's own time stands before that of its ticks.
      .evaluateAll((all) => all.map((each) => [each.dataset.seq, each.querySelector("time")?.dateTime]));
    const bySeq = new Map(rows.map(({ seq, createdAt }) => [`${seq}`, createdAt.toISOString()]));
    expect(times.length).toBeGreaterThan(0);
    for (const [seq, at] of times) expect(at).toBe(bySeq.get(seq ?? ""));
  }
});

it("F8 a page that slept through messages, eight hours by its clock, shows them within 5 s of waking", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const { page, context, provoked } = await visit(patient, TALL);
  provoked.push("net::");
  await page.addInitScript(shiftClock, 0);
  await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
  await live(page);
  await write(page, "before the nap");
  await page.getByRole("log").getByText("before the nap").waitFor();
  const cdp = await context.newCDPSession(page);
  await context.setOffline(true);
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  await appendMany(practitioner, consultationId, { count: 5 });
  await cdp.send("Page.setWebLifecycleState", { state: "active" });
  await page.evaluate(() => Object.assign(window, { clockShift: 8 * 3_600_000 }));
  const woken = performance.now();
  await context.setOffline(false);
  await page.getByRole("log").getByText("Message 5.").waitFor();
  console.log(`F8 caught up ${Math.round(performance.now() - woken)} ms after waking`);
  expect(performance.now() - woken).toBeLessThan(5_000);
  await live(page);
  await write(page, "after the nap");
  await expect.poll(async () => (await bubbles(page)).at(-1)).toBe("after the nap");
  await expect.poll(() => textsIn(consultationId)).toHaveLength(7);
  await expect.poll(() => bubbles(page)).toEqual(await textsIn(consultationId));
});

it("F31 after 10,000 missed messages the newest page is there within a second, and the page stays small", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  await appendMany(practitioner, consultationId, { count: 60 });
  const { page, context, provoked } = await join(patient, consultationId);
  provoked.push("net::");
  await context.setOffline(true);
  await appendMany(practitioner, consultationId, { first: 61, count: 10_000, aTransaction: 1_000 });
  const online = performance.now();
  await context.setOffline(false);
  await page.getByRole("log").getByText("Message 10060.").waitFor();
  const newest = Math.round(performance.now() - online);
  console.log(`F31 the newest of 10,000 missed messages stood there after ${newest} ms`);
  expect(await page.getByRole("log").locator("article").count()).toBeLessThan(120);
  expect(newest).toBeLessThan(5_000);
  // Ten thousand pushes are on their way in front of this one: it comes by polling.
  await appendMany(practitioner, consultationId, { first: 20_000, count: 1 });
  await page.getByRole("log").getByText("Message 20000.").waitFor();
}, 120_000);

it("F38 an old tab after a deploy: events of a later version and actions that are gone cost no words", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const [anna, weber] = [await join(patient, consultationId, TALL), await join(practitioner, consultationId, TALL)];
  // Next's answer to an action that it does not know, and what its client makes of it.
  weber.provoked.push("404", "409", "net::");
  anna.provoked.push("net::");
  await anna.page.route("**/events?*", async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const events = body.events?.map((event: object) => ({ ...event, v: 2, type: "message-sung" })) ?? [];
    await route.fulfill({ response: answer, json: { ...body, events } });
  });
  // No push arrives either: the log in its new version is all that this old tab gets to see.
  await anna.context.setOffline(true);
  await write(weber.page, "said by a newer server");
  await weber.page.getByRole("log").getByText("said by a newer server").waitFor();
  await anna.context.setOffline(false);
  await anna.page.getByRole("log").getByText("said by a newer server").waitFor();
  await write(anna.page, "answered by an old tab");
  await weber.page.getByRole("log").getByText("answered by an old tab").waitFor();

  await weber.page.getByRole("textbox").fill("words worth keeping");
  const unknown = "0".repeat(42);
  let answer = (route: Route) => route.continue({ headers: { ...route.request().headers(), "next-action": unknown } });
  await weber.page.route("**/consultations/*", (route) =>
    route.request().headers()["next-action"] ? answer(route) : route.continue(),
  );
  await weber.page.getByRole("button", { name: "Complete consultation" }).click();
  const dialog = weber.page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("A closing note worth keeping");
  await dialog.getByRole("radio", { name: "Now" }).check();
  const complete = dialog.getByRole("button", { name: "Complete consultation" });
  const consultation = () => db().consultation.findUniqueOrThrow({ where: { id: consultationId } });
  for (const [words, next] of [
    ["There is a newer version of this page.", (route: Route) => route.abort()],
    ["No answer from the network.", (route: Route) => route.continue()],
  ] as const) {
    await complete.click();
    await dialog.getByRole("alert").filter({ hasText: words }).waitFor();
    await expect.poll(() => dialog.getByRole("textbox").inputValue()).toBe("A closing note worth keeping");
    expect((await consultation()).status).toBe("IN_PROGRESS");
    await expect
      .poll(() => weber.page.getByRole("textbox", { name: "Message" }).inputValue())
      .toBe("words worth keeping");
    answer = next;
  }
  await complete.click();
  await dialog.waitFor({ state: "detached" });
  expect((await consultation()).status).toBe("COMPLETED");
  await anna.page.getByRole("log").getByText("A closing note worth keeping").waitFor();
});
