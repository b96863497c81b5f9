import type { Page } from "playwright-core";

const MOST_STOPS = 80;

/** What has the focus, as one reads it: its tag and its name. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    const label = element?.getAttribute("aria-label") ?? (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
    return `${element?.tagName} ${label ?? element?.textContent ?? ""}`;
  });
}

/** Presses a key, and answers with what has the focus once the page has drawn what came of it. */
export async function press(page: Page, key: string): Promise<string> {
  await page.keyboard.press(key);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const now = await focused(page);
  if (now.startsWith("BODY")) throw new Error(`After ${key} nothing has the focus`);
  return now;
}

/** Presses a key until this has the focus; answers with how often that took. */
export async function go(page: Page, key: string, to: RegExp): Promise<number> {
  const met: string[] = [];
  while (met.length < MOST_STOPS) {
    met.push((await press(page, key)).slice(0, 40));
    if (to.test(await focused(page))) return met.length;
  }
  throw new Error(`${key} never reached ${to}, but ${met.join(", ")}`);
}

/** Resolves when this has the focus. */
export async function focusOn(page: Page, what: RegExp): Promise<void> {
  await page
    .waitForFunction((source) => {
      const element = document.activeElement;
      const label = element?.getAttribute("aria-label") ?? element?.textContent ?? "";
      return new RegExp(source).test(`${element?.tagName} ${label}`);
    }, what.source)
    .catch(async () => {
      throw new Error(`The focus is on ${await focused(page)} instead of ${what}`);
    });
}
