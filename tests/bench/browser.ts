import { type BrowserContext, chromium, type Page, type Response } from "playwright-core";
import { sealToken } from "@/tests/support/app-world";
import { BROWSER_ARGUMENTS, ensureBrowser } from "@/tests/support/find-browser";
import type { AppAddress } from "@/tests/support/start-built-app";
import { createWorld, type Person } from "@/tests/support/world";
import { percentile } from "./measure";

const MESSAGES = 60;
const IDLE_SECONDS = 60;

/** From the key press in one browser to the words in the other, and what an idle, healthy chat asks of the server. */
export async function measureBrowser(app: AppAddress): Promise<string[][]> {
  const browser = await chromium.launch({ executablePath: ensureBrowser(), args: BROWSER_ARGUMENTS });
  try {
    const { patient, practitioner, consultationId } = await createWorld();
    const open = async (person: Person): Promise<Page> => {
      const context = await browser.newContext({ locale: "en-GB" });
      await signInContext(app, context, person);
      const page = await context.newPage();
      await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
      await page.locator('[data-connection="live"]').first().waitFor();
      return page;
    };
    const [sender, receiver] = [await open(patient), await open(practitioner)];

    const latencies: number[] = [];
    for (let index = 0; index < MESSAGES; index++) latencies.push(await timeOne(sender, receiver, `message ${index}`));
    latencies.sort((a, b) => a - b);

    // Until the last message's receipts have been told and heard.
    await receiver.waitForLoadState("networkidle");
    await receiver.waitForTimeout(5_000);
    const bodies: Promise<Buffer>[] = [];
    const count = (response: Response) => bodies.push(response.body());
    receiver.on("response", count);
    await receiver.waitForTimeout(IDLE_SECONDS * 1_000);
    receiver.off("response", count);
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);

    const poll = await receiver.evaluate(async (id) => {
      const answer = await fetch(`/api/consultations/${id}/events?after=60`);
      return (await answer.arrayBuffer()).byteLength;
    }, consultationId);
    const polled = (every: number) => [`${60 / every}`, `${(60 / every) * poll}`];
    return [
      [
        "key press to the other screen",
        `p50 ${percentile(latencies, 0.5)} ms`,
        `p95 ${percentile(latencies, 0.95)} ms`,
      ],
      ["an idle minute", "requests", "body bytes"],
      ["  Murph, live", `${bodies.length}`, `${bytes}`],
      ["  2 s polling", ...polled(2)],
      ["  5 s polling", ...polled(5)],
    ];
  } finally {
    await browser.close();
  }
}

async function signInContext(app: AppAddress, context: BrowserContext, { sessionId, userId }: Person): Promise<void> {
  const value = await sealToken(app, { sessionId, userId });
  await context.addCookies([
    { name: "next-auth.session-token", value, url: app.baseUrl, httpOnly: true, sameSite: "Lax" },
  ]);
}

async function timeOne(sender: Page, receiver: Page, text: string): Promise<number> {
  const seen = receiver.evaluate(
    (words) =>
      new Promise<number>((resolve) => {
        const log = document.querySelector('[role="log"]') ?? document.body;
        const watch = new MutationObserver(() => {
          if (!log.textContent?.includes(words)) return;
          watch.disconnect();
          resolve(Date.now());
        });
        watch.observe(document.body, { childList: true, subtree: true, characterData: true });
      }),
    `${text}.`,
  );
  const box = sender.locator("textarea");
  await box.fill(`${text}.`);
  const pressedAt = sender.evaluate(
    () =>
      new Promise<number>((resolve) => {
        document.addEventListener("keydown", () => resolve(Date.now()), { once: true, capture: true });
      }),
  );
  // The listener must be in place before the key goes down.
  await sender.evaluate(() => undefined);
  await box.press("Enter");
  return (await seen) - (await pressedAt);
}
