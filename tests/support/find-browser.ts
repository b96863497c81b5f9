import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

/** Chromium's own errands would only fail on a machine without a network. */
export const BROWSER_ARGUMENTS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const candidates = [
  process.env.CHROME_BIN,
  chromium.executablePath(),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  process.env.PROGRAMFILES && path.join(process.env.PROGRAMFILES, "Google/Chrome/Application/chrome.exe"),
];

/** The Chromium that tests drive: CHROME_BIN, Playwright's own, or one of the system. null when there is none. */
export function findBrowser(): string | null {
  return candidates.find((file) => file && existsSync(file)) ?? null;
}

/**
 * Finds a browser, else installs one: Playwright's download, then, as root on Debian, the system's package.
 * Says what it does; throws with instructions when neither works.
 */
export function ensureBrowser(): string {
  const found = findBrowser();
  if (found) return found;
  console.log("No Chromium found, installing one (Playwright's download, else the system's package) ...");
  const cli = path.resolve("node_modules/playwright-core/cli.js");
  spawnSync(process.execPath, [cli, "install", "chromium"], { stdio: "inherit", timeout: 300_000 });
  if (!findBrowser() && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    execFileSync("apt-get", ["update"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { stdio: "inherit" });
  }
  const installed = findBrowser();
  if (installed) return installed;
  throw new Error(
    "The browser tests need Chromium. Install one (`npx playwright-core install chromium`, or your system's package), " +
      "or set CHROME_BIN to its executable.",
  );
}
