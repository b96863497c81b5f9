import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { live, write } from "@/tests/support/browser";
import { BROWSER_ARGUMENTS, ensureBrowser } from "@/tests/support/find-browser";
import { buildApp, startBuiltApp } from "@/tests/support/start-built-app";

/**
 * `npm run pictures`: makes the icons in public/ from app/icon.svg, and the README's picture of two people talking from
 * the running product (a finished build in MURPH_TEST_BUILD, else a new one). What it makes is committed.
 */
const ICON = readFileSync("app/icon.svg", "utf8");
const WINDOW = { width: 760, height: 680 };

const browser = await chromium.launch({ executablePath: ensureBrowser(), args: BROWSER_ARGUMENTS });
try {
  await drawIcons(browser);
  await photographTwoPeople(browser);
} finally {
  await browser.close();
}

async function drawIcons(browser: Browser): Promise<void> {
  mkdirSync("public", { recursive: true });
  const page = await browser.newPage();
  /** `inset` is the free border of a maskable icon, whose corners a phone cuts off. */
  const draw = async (size: number, inset = 0, ground = "transparent") => {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(
      `<style>body{margin:0;background:${ground}}svg{display:block;position:absolute;inset:${inset}px;width:${size - 2 * inset}px}</style>${ICON}`,
    );
    return page.screenshot({ omitBackground: true });
  };
  for (const size of [192, 512]) writeFileSync(`public/icon-${size}.png`, await draw(size));
  writeFileSync("public/icon-maskable-512.png", await draw(512, 96, "#eff3f4"));
  writeFileSync("public/apple-touch-icon.png", await draw(180, 20, "#eff3f4"));
  writeFileSync("public/favicon.ico", iconFile(await draw(32), 32));
  await page.close();
}

/** The ICO format with one PNG in it (https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)). */
function iconFile(png: Buffer, size: number): Buffer {
  const head = Buffer.alloc(22);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(1, 4);
  head.writeUInt8(size, 6);
  head.writeUInt8(size, 7);
  head.writeUInt16LE(1, 10);
  head.writeUInt16LE(32, 12);
  head.writeUInt32LE(png.length, 14);
  head.writeUInt32LE(head.length, 18);
  return Buffer.concat([head, png]);
}

async function photographTwoPeople(browser: Browser): Promise<void> {
  const given = process.env.MURPH_TEST_BUILD;
  const build = given ? { distDir: given, remove: () => undefined } : await buildApp();
  const app = await startBuiltApp(build.distDir).catch((error: unknown) => {
    build.remove();
    throw error;
  });
  try {
    const enter = async (name: RegExp): Promise<Page> => {
      const context = await browser.newContext({ viewport: WINDOW, locale: "en-GB", deviceScaleFactor: 1.5 });
      const page = await context.newPage();
      await page.goto(`${app.baseUrl}/sign-in`);
      await page.getByRole("button", { name }).click();
      await page.getByRole("link").filter({ hasText: "Persistent cough" }).click();
      await live(page);
      return page;
    };
    const weber = await enter(/Weber/);
    const anna = await enter(/Anna/);
    const say = async (from: Page, to: Page, text: string) => {
      await write(from, text);
      await to.getByRole("log").getByText(text).waitFor();
    };
    await say(anna, weber, "The cough is better since yesterday, and I slept through the night.");
    await say(weber, anna, "Good to hear. Please go on with the spray in the evening for three more days.");
    await anna.getByRole("textbox").pressSequentially("Thank you! And the");
    await weber.getByText(/is writing|typing/).waitFor();
    await joinPictures(browser, [await weber.screenshot(), await anna.screenshot()]);
  } finally {
    await app.stop();
    build.remove();
  }
}

async function joinPictures(browser: Browser, pictures: readonly Buffer[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: WINDOW.width * 2 + 72, height: WINDOW.height + 48 } });
  const images = pictures.map((png) => `<img src="data:image/png;base64,${png.toString("base64")}">`);
  await page.setContent(
    `<style>body{margin:0;padding:24px;display:flex;gap:24px;background:#dfe6e8}img{width:${WINDOW.width}px;border-radius:12px;box-shadow:0 4px 24px #0003}</style>${images.join("")}`,
  );
  writeFileSync("docs/two-people.png", await page.screenshot());
  await page.close();
}
