import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { appendMany } from "@/tests/support/append-many";
import { live, useBrowser } from "@/tests/support/browser";
import { countFromTheStart, type Meter, readMeter, socketsMade } from "@/tests/support/page-meter";
import { createConsultation, createPerson } from "@/tests/support/world";

/** Each room once more than to warm up; `npm run test:leaks` opens a thousand and lets 10,000 messages come. */
const CYCLES = Number(process.env.LEAK_CYCLES ?? 70);
const MESSAGES = Number(process.env.LEAK_MESSAGES ?? 1_500);
/** Enough that a room was given up (5 s after it was left) before its turn comes again. */
const ROOMS = 70;
/** What V8 keeps of compiled code moves by as much; a room that stayed in memory weighs at least 20 KB. */
const HEAP_TOLERANCE_MB = 3;

const app = useApp();
const { visit } = useBrowser(app);

/** Goes through the rooms as quickly as they open. */
async function walk(page: Page, rooms: readonly string[], steps: number): Promise<void> {
  await page.evaluate(
    async ({ rooms, steps }) => {
      const until = (there: () => boolean, what: string) =>
        new Promise<void>((resolve, reject) => {
          const late = setTimeout(() => reject(new Error(`Waited in vain for ${what}`)), 20_000);
          const look = () => {
            if (!there()) return;
            clearTimeout(late);
            observer.disconnect();
            resolve();
          };
          const observer = new MutationObserver(look);
          observer.observe(document, { subtree: true, childList: true, characterData: true });
          look();
        });
      for (let step = 0; step < steps; step++) {
        const index = step % rooms.length;
        document.querySelector<HTMLElement>(`a[href$="/consultations/${rooms[index]}"]`)?.click();
        const shown = `Message ${index + 1}.`;
        await until(() => document.querySelector('[role="log"]')?.textContent?.includes(shown) ?? false, shown);
      }
    },
    { rooms, steps },
  );
}

/** My own, and those of the room that is open: its log and who is in it. */
const HELD_CHANNELS = 3;

/** What the page holds once the rooms it left are given up: twice the same, six seconds apart. */
async function settled(page: Page): Promise<Meter> {
  let last = await readMeter(page);
  const twoReadings = async () => {
    const before = last;
    last = await readMeter(page);
    return { before, last };
  };
  await expect
    .poll(twoReadings, { timeout: 60_000, interval: 6_000 })
    .toSatisfy(
      ({ before, last }) =>
        last.channels <= HELD_CHANNELS && last.timers === before.timers && last.nodes === before.nodes,
    );
  return last;
}

function expectSame(after: Meter, before: Meter): void {
  const { heapMB, nodes, listeners, ...counts } = after;
  const { heapMB: heapBefore, nodes: nodesBefore, listeners: listenersBefore, ...countsBefore } = before;
  expect(counts).toEqual(countsBefore);
  // Something that is opened for the first time may stay; what every room left behind would be as many as rooms.
  expect(Math.abs(listeners - listenersBefore)).toBeLessThanOrEqual(3);
  expect(Math.abs(nodes - nodesBefore)).toBeLessThanOrEqual(20);
  expect(heapMB).toBeLessThanOrEqual(heapBefore + HEAP_TOLERANCE_MB);
}

it("LEAK1 rooms opened over and over and thousands of messages in one tab leave no listener, node, timer, socket, channel or heap behind", async () => {
  const [anna, weber] = [await createPerson("PATIENT", "Anna"), await createPerson("PRACTITIONER", "Dr. Weber")];
  const rooms: string[] = [];
  for (let index = 0; index < ROOMS; index++) {
    const id = await createConsultation([anna, weber]);
    // The first says which room it is.
    await appendMany(weber, id, { first: index + 1, count: 1 });
    await appendMany(weber, id, { first: 20_030, count: 9 });
    rooms.push(id);
  }
  const lively = await createConsultation([anna, weber]);
  await appendMany(weber, lively, { first: 30_000, count: 1 });
  const { page, provoked } = await visit(anna);
  // Chromium asks for /favicon.ico while a navigation changes the head.
  provoked.push("404");
  await countFromTheStart(page);
  await page.goto(`${app.baseUrl}/consultations`);
  await live(page);

  await walk(page, rooms, ROOMS);
  const warm = await settled(page);
  const started = performance.now();
  await walk(page, rooms, CYCLES);
  const cycleMs = (performance.now() - started) / CYCLES;
  const walked = await settled(page);
  expectSame(walked, warm);

  await page.locator(`a[href$="/consultations/${lively}"]`).click();
  await page.getByRole("log").getByText("Message 30000.").waitFor();
  await live(page);
  const pushedAt = performance.now();
  await appendMany(weber, lively, { first: 30_001, count: MESSAGES });
  await page
    .getByRole("log")
    .getByText(`Message ${30_000 + MESSAGES}.`)
    .waitFor({ timeout: 200_000 });
  const messageMs = (performance.now() - pushedAt) / MESSAGES;
  const full = await readMeter(page);
  expect(full.nodes).toBeLessThan(walked.nodes + 2_000);
  // Each message is kept once: 3 KB are its words, its sender and what stands around them.
  expect(full.heapMB - walked.heapMB).toBeLessThan((MESSAGES * 3) / 1_024);

  const last = (CYCLES - 1) % ROOMS;
  await page.locator(`a[href$="/consultations/${rooms[last]}"]`).click();
  await page
    .getByRole("log")
    .getByText(`Message ${last + 1}.`)
    .waitFor();
  const end = await settled(page);
  expect(await socketsMade(page)).toBe(1);
  console.table({ warm, [`${CYCLES} rooms later`]: walked, [`with ${MESSAGES} messages`]: full, end });
  console.log(`${cycleMs.toFixed(0)} ms a room, ${messageMs.toFixed(2)} ms a message`);
  expectSame(end, walked);
}, 600_000);
