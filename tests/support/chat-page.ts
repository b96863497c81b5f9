import type { BrowserContext, Page } from "playwright-core";
import { db } from "@/lib/server/db";
import { write } from "@/tests/support/browser";

/** Tall enough that the windowed list shows a whole short conversation. */
export const TALL = { viewport: { width: 1280, height: 1800 } };

/** The texts of the bubbles on the screen, from top to bottom. */
export function bubbles(page: Page): Promise<string[]> {
  return page.getByRole("log").locator('article [id$="-text"]').allTextContents();
}

/** How many bubbles say that they were sent. */
export function sentOf(page: Page): Promise<number> {
  return page.getByRole("log").locator("article").filter({ hasText: /Sent$/ }).count();
}

/** What people wrote, as the database has it, in order. */
export async function textsIn(consultationId: string): Promise<(string | null)[]> {
  const rows = await db().message.findMany({ where: { consultationId, kind: "text" }, orderBy: { seq: "asc" } });
  return rows.map(({ content }) => content);
}

/** Resolves when all of it is on the screen, and with that in the queue. */
export async function writeOffline(page: Page, texts: readonly string[]): Promise<void> {
  await page.context().setOffline(true);
  for (const text of texts) {
    await write(page, text);
    await page.getByRole("log").getByText(text, { exact: true }).waitFor();
  }
}

/** Online again, but what is sent does not get through until the returned function is called. */
export async function holdSends(context: BrowserContext): Promise<() => Promise<void>> {
  const sends = "**/api/nachrichten";
  await context.route(sends, (route) => route.abort());
  await context.setOffline(false);
  return () => context.unroute(sends);
}
