import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { sealToken } from "@/tests/support/app-world";
import { BROWSER_ARGUMENTS, ensureBrowser } from "@/tests/support/find-browser";
import type { AppAddress } from "@/tests/support/start-built-app";
import type { Person } from "@/tests/support/world";

export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** Addresses asked for outside the app's own origin. */
  foreign: string[];
  /** Errors and warnings the page logged, content security violations among them. */
  complaints: string[];
  /** Statuses of answers that the test provokes ("net::" for none): Chromium logs each, whenever it likes. */
  provoked: string[];
}

/**
 * One Chromium for the file. Every context is closed after its test, which fails if a page complained. What the pages
 * of a failed test showed is printed.
 */
export function useBrowser(app: AppAddress) {
  let browser: Browser;
  const open: Visitor[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: ensureBrowser(), args: BROWSER_ARGUMENTS });
  });
  afterAll(() => browser.close());
  afterEach(async ({ task }) => {
    const visitors = open.splice(0);
    if (task.result?.state === "fail") for (const visitor of visitors) await describePages(visitor);
    await Promise.all(visitors.map(({ context }) => context.close()));
    expect(visitors.flatMap(unprovoked)).toEqual([]);
    expect(visitors.flatMap(({ foreign }) => foreign)).toEqual([]);
  });

  /** A private window; signed in when a person is given. */
  async function visit(person: Person | null, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ locale: "en-GB", ...options });
    if (person) await context.addCookies([await cookieOf(app, person)]);
    await context.addInitScript(tellOfPolicy);
    const page = await context.newPage();
    const visitor: Visitor = { context, page, foreign: [], complaints: [], provoked: [] };
    watch(page, visitor, app);
    open.push(visitor);
    return visitor;
  }

  /** A person with a consultation open and live. */
  async function join(person: Person, consultationId: string, options?: BrowserContextOptions): Promise<Visitor> {
    const visitor = await visit(person, options);
    await visitor.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(visitor.page);
    return visitor;
  }
  return { visit, join };
}

async function describePages({ context, complaints }: Visitor): Promise<void> {
  for (const page of context.pages()) {
    const shown = await page
      .locator("body")
      .ariaSnapshot({ timeout: 2_000 })
      .catch((error: unknown) => String(error));
    console.error(`At ${new Date().toISOString()} ${page.url()} showed:\n${shown}`);
  }
  if (complaints.length > 0) console.error(`It had complained:\n${complaints.join("\n")}`);
}

/** The session cookie of a person who signed in. */
export async function cookieOf(app: AppAddress, { sessionId, userId }: Person) {
  const value = await sealToken(app, { sessionId, userId });
  return { name: "next-auth.session-token", value, url: app.baseUrl, httpOnly: true, sameSite: "Lax" as const };
}

/** Chromium's word for an attempt that took longer than lib/browser/transport.ts waits: so may a busy machine's. */
const SLOW_ATTEMPT = "WebSocket is closed before the connection is established.";

function unprovoked({ complaints, provoked }: Visitor): string[] {
  const isNetwork = (line: string) => /^(Failed to load resource|WebSocket connection to)/.test(line);
  return complaints.filter(
    (line) =>
      !line.endsWith(SLOW_ATTEMPT) &&
      !provoked.some((what) => line.startsWith(what) || (isNetwork(line) && line.includes(` ${what}`))),
  );
}

/** Runs in the page: what its policy blocked is a complaint, also where the browser itself says nothing of it. */
function tellOfPolicy(): void {
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
    console.error(`Policy: ${effectiveDirective} blocked ${blockedURI} at ${sourceFile}:${lineNumber}`),
  );
}

function watch(page: Page, visitor: Visitor, app: AppAddress): void {
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && origin !== app.baseUrl) visitor.foreign.push(request.url());
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== new URL(app.baseUrl).host) visitor.foreign.push(socket.url());
  });
  page.on("pageerror", (error) => visitor.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") visitor.complaints.push(message.text());
  });
}

/** Resolves when the connection indicator says that pushes arrive. */
export async function live(page: Page): Promise<void> {
  await page.locator('[data-connection="live"]').first().waitFor();
}

export async function write(page: Page, text: string): Promise<void> {
  const box = page.getByRole("textbox");
  await box.fill(text);
  await box.press("Enter");
}

/** Kills the tab's process. */
export async function crash(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  // Never answered: who would have to is dead.
  void devtools.send("Page.crash").catch(() => undefined);
  await crashed;
}
