import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Builder, By, Key } from "selenium-webdriver";
import { freePort } from "@/tests/support/start-built-app";
import type { Engine } from "./engine";
import { LISTEN_FOR_COMPLAINTS } from "./engine";
import { ensureProgram, MINI_BROWSER, WEBKIT_DRIVER, XVFB } from "./find-engine";

const KEYS = { Enter: Key.ENTER, ArrowUp: Key.ARROW_UP };

/** WebKitGTK's MiniBrowser over WebDriver, on a screen of its own: it has no headless mode. */
export async function startWebKit(): Promise<Engine> {
  const screen = await startScreen();
  const port = await freePort();
  const driverProgram = spawn(ensureProgram(WEBKIT_DRIVER), [`--port=${port}`], {
    env: { ...process.env, DISPLAY: screen.display },
    stdio: "ignore",
  });
  await answering(`http://127.0.0.1:${port}/status`);
  return {
    async open() {
      const driver = await new Builder()
        .usingServer(`http://127.0.0.1:${port}`)
        .withCapabilities({
          browserName: "MiniBrowser",
          "webkitgtk:browserOptions": { binary: ensureProgram(MINI_BROWSER), args: ["--automation"] },
        })
        .build();
      await driver.manage().setTimeouts({ script: 60_000 });
      const listen = () => driver.executeScript(LISTEN_FOR_COMPLAINTS);
      return {
        async goto(url) {
          await driver.get(url);
          await listen();
        },
        async reload() {
          await driver.navigate().refresh();
          await listen();
        },
        evaluate: <Value>(expression: string) => driver.executeScript<Value>(`return ${expression}`),
        click: (selector) => driver.findElement(By.css(selector)).click(),
        type: (text) => driver.actions().sendKeys(text).perform(),
        press: (key) => driver.actions().sendKeys(KEYS[key]).perform(),
        screenshot: async () => Buffer.from(await driver.takeScreenshot(), "base64"),
        close: () => driver.quit(),
      };
    },
    async close() {
      await end(driverProgram);
      await end(screen.process);
    },
  };
}

async function startScreen(): Promise<{ display: string; process: ChildProcess }> {
  // It writes the number that it chose.
  const process = spawn(ensureProgram(XVFB), ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [number] = await once(process.stdout, "data");
  return { display: `:${String(number).trim()}`, process };
}

async function answering(url: string): Promise<void> {
  const answers = () =>
    fetch(url).then(
      () => true,
      () => false,
    );
  while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
