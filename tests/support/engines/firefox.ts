import puppeteer from "puppeteer-core";
import type { Engine } from "./engine";
import { LISTEN_FOR_COMPLAINTS } from "./engine";
import { ensureProgram, FIREFOX } from "./find-engine";

/** Firefox over WebDriver BiDi. */
export async function startFirefox(): Promise<Engine> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: ensureProgram(FIREFOX),
    headless: true,
  });
  return {
    async open() {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setViewport({ width: 1280, height: 900 });
      await page.evaluateOnNewDocument(LISTEN_FOR_COMPLAINTS);
      return {
        goto: async (url) => void (await page.goto(url)),
        reload: async () => void (await page.reload()),
        evaluate: <Value>(expression: string) => page.evaluate(expression) as Promise<Value>,
        click: (selector) => page.click(selector),
        type: (text) => page.keyboard.type(text),
        press: (key) => page.keyboard.press(key),
        screenshot: async () => Buffer.from(await page.screenshot()),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}
