import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFinished } from "vitest";
import { en } from "@/lib/i18n/en";
import { drainLog } from "@/tests/chaos/page-log";
import { type ChaosWorld, type Side, startWorld } from "@/tests/chaos/world";

const ROOMS = 24;

/** A tab of one of the two people. */
export interface Tab {
  readonly page: Page;
  readonly side: Side;
  readonly room: string;
}

/**
 * Real parts with proxies between all of them, once for the file: two production app processes, a durable PostgreSQL
 * and the Channels server. Ann sits at the first app, Dr. Web at the second.
 */
export function useFaultStack() {
  let world: ChaosWorld;
  let used = 0;
  beforeAll(async () => {
    world = await startWorld({ distDir: inject("app").distDir, seed: 8, rooms: ROOMS });
  }, 120_000);
  afterAll(() => world?.close(), 60_000);

  /** A consultation of the two that no other test has. */
  function newRoom(): string {
    const room = world.rooms[used];
    used += 1;
    if (room === undefined) throw new Error("More rooms are needed");
    return room;
  }

  async function open(who: "ann" | "web", room: string, { keep = false } = {}): Promise<Tab> {
    const side = world.sides[who === "ann" ? 0 : 1];
    if (!side) throw new Error("No such side");
    // A window for each: in a tab behind another nothing is drawn.
    const window = await side.openWindow();
    if (!keep) onTestFinished(() => window.close());
    const page = await window.newPage();
    await page.goto(`${side.http.baseUrl}/consultations/${room}`);
    await untilConnection(page, "live");
    return { page, side, room };
  }

  /** Both people in a room of their own, live; `keep` for more than this test. */
  async function openBoth(options?: { keep: boolean }): Promise<{ room: string; ann: Tab; web: Tab }> {
    const room = newRoom();
    const [ann, web] = await Promise.all([open("ann", room, options), open("web", room, options)]);
    return { room, ann, web };
  }

  async function textsIn(room: string): Promise<string[]> {
    const rows = await world.database.query<{ content: string }>(
      "SELECT content FROM messages WHERE consultation_id = $1 AND kind = 'text' ORDER BY seq",
      [room],
    );
    return rows.map(({ content }) => content);
  }

  /**
   * I1-I5: within the time every screen shows what the database has, each message once and in its order, all of it
   * sent; and no screen ever showed a message twice or out of order on the way there.
   */
  async function expectAgreement(tabs: readonly Tab[], words: readonly string[], ms = 10_000): Promise<void> {
    const room = tabs[0]?.room ?? "";
    await expect.poll(async () => [...(await textsIn(room))].sort(), { timeout: ms }).toEqual([...words].sort());
    const committed = await textsIn(room);
    for (const { page } of tabs) {
      await expect
        .poll(() => shownBy(page), { timeout: ms })
        .toEqual(committed.map((text) => ({ seq: expect.any(Number), text })));
      const log = await page.evaluate(drainLog);
      expect(log.filter(({ kind }) => kind === "doubled" || kind === "order")).toEqual([]);
    }
  }

  return {
    get world() {
      return world;
    },
    newRoom,
    open,
    openBoth,
    textsIn,
    expectAgreement,
  };
}

interface Shown {
  /** null: not saved. */
  seq: number | null;
  text: string;
}

/** The whole conversation as this screen has it, read by scrolling up from its end. */
async function shownBy(page: Page): Promise<Shown[]> {
  const found = await page.evaluate(async (beginning) => {
    const log = document.querySelector('[role="log"]');
    const shown = new Map<string, { seq: number | null; text: string }>();
    const late = performance.now() + 20_000;
    if (log) log.scrollTop = log.scrollHeight;
    while (log) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      for (const { id, dataset } of log.querySelectorAll<HTMLElement>('article[id^="message-"]')) {
        const text = document.getElementById(`${id}-text`)?.textContent;
        if (text) shown.set(id, { seq: dataset.seq === undefined ? null : Number(dataset.seq), text });
      }
      if (log.scrollTop <= 0 && log.textContent?.includes(beginning)) break;
      if (performance.now() > late) throw new Error("The beginning was not reached");
      log.scrollTop -= log.clientHeight * 0.8;
    }
    return [...shown.values()];
  }, en.chat.beginning);
  const order = ({ seq }: Shown) => seq ?? Number.POSITIVE_INFINITY;
  return found.sort((a, b) => order(a) - order(b));
}

export async function untilConnection(page: Page, status: string, timeout = 30_000): Promise<void> {
  await page.locator(`header [data-connection="${status}"]`).first().waitFor({ timeout });
}

export async function untilNotLive(page: Page, timeout = 30_000): Promise<void> {
  await page.locator('header [data-connection="live"]').first().waitFor({ state: "detached", timeout });
}

/** "ann-1 ...", "ann-2 ...", and so on: the recorder in the page knows the order in which they were written. */
export function numbered(author: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${author}-${first + index} words`);
}

/** Writes as quickly as the composer lets go of the words. */
export async function writeAll({ page }: Tab, texts: readonly string[]): Promise<void> {
  await page.evaluate(async (texts) => {
    const box = document.querySelector<HTMLTextAreaElement>('textarea[name="content"]');
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    if (!box || !value?.set) throw new Error("There is no composer");
    for (const text of texts) {
      value.set.call(box, text);
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
      const late = performance.now() + 10_000;
      while (box.value !== "") {
        if (performance.now() > late) throw new Error(`The composer kept "${text}"`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }, texts);
}

/** Resolves when the text stands on this screen as a saved message. */
export async function saved({ page }: Tab, text: string, timeout = 15_000): Promise<void> {
  await page.locator('[role="log"] article[data-seq]').filter({ hasText: text }).waitFor({ timeout });
}
