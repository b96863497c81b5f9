import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { chromium, type Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { cookieOf, crash, live, useBrowser, write } from "@/tests/support/browser";
import { bubbles, holdSends, sentOf, TALL, textsIn, writeOffline } from "@/tests/support/chat-page";
import { storedOnDevice } from "@/tests/support/device-storage";
import { BROWSER_ARGUMENTS, ensureBrowser } from "@/tests/support/find-browser";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
/** What is judged by its contrast must not be on its way in. */
const STILL = { reducedMotion: "reduce" } as const;
const TEN = Array.from({ length: 10 }, (_, index) => `written offline, number ${index + 1}.`);

async function expectTenWaiting(page: Page): Promise<void> {
  await expect.poll(() => bubbles(page)).toEqual(TEN);
  expect(
    await page
      .getByRole("log")
      .getByText(/^(Waiting to be sent|Sending)$/)
      .count(),
  ).toBe(10);
}

describe("F23 ten messages written offline", () => {
  it("F23 SND1 SND2 wait visibly after a reload, unreadable on the disk, and go in order and once", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId, TALL);
    provoked.push("net::", "503");
    await writeOffline(page, TEN);
    await expect.poll(() => bubbles(page)).toEqual(TEN);
    const release = await holdSends(context);
    await page.reload();
    await expectTenWaiting(page);
    expect(JSON.stringify(await storedOnDevice(page))).not.toContain("written offline");
    expect(await textsIn(consultationId)).toEqual([]);
    await release();
    await expect.poll(() => textsIn(consultationId), { timeout: 10_000 }).toEqual(TEN);
    await expect.poll(() => sentOf(page)).toBe(10);
    expect(await bubbles(page)).toEqual(TEN);
  });

  it("F23 SND1 outlive a page that crashed", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId, TALL);
    provoked.push("net::");
    await writeOffline(page, TEN);
    await crash(page);
    await page.close();
    await context.setOffline(false);
    const again = await context.newPage();
    await again.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await expect.poll(() => textsIn(consultationId), { timeout: 10_000 }).toEqual(TEN);
    await expect.poll(() => bubbles(again)).toEqual(TEN);
  });

  it("F23 SND1 outlive a browser that was killed, on the profile it leaves behind", async () => {
    const { patient, consultationId } = await createWorld();
    const profile = await mkdtemp(path.join(os.tmpdir(), "murph-profile-"));
    const openProfile = async () => {
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: ensureBrowser(),
        args: BROWSER_ARGUMENTS,
        locale: "en-GB",
        ...TALL,
      });
      await context.addCookies([await cookieOf(app, patient)]);
      const page = context.pages()[0] ?? (await context.newPage());
      return { context, page };
    };
    try {
      const killed = await openProfile();
      await killed.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
      await live(killed.page);
      await writeOffline(killed.page, TEN);
      const gone = new Promise((resolve) => killed.context.once("close", resolve));
      const devtools = await killed.context.newCDPSession(killed.page);
      void devtools.send("Browser.crash").catch(() => undefined);
      await gone;
      const { context, page } = await openProfile();
      await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
      await expect.poll(() => textsIn(consultationId), { timeout: 10_000 }).toEqual(TEN);
      await expect.poll(() => bubbles(page)).toEqual(TEN);
      await context.close();
    } finally {
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

/** What browsers do whose storage is switched off, and those whose disk is full. */
const denials = {
  "refuses to open": () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("denied", "SecurityError");
    };
  },
  "is full": () => {
    const full = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    IDBObjectStore.prototype.add = full;
    IDBObjectStore.prototype.put = full;
  },
};

describe("F25 a browser whose storage", () => {
  it.each(Object.entries(denials))(
    "F25 SND5 %s sends all the same, and says not to close the page",
    async (_, deny) => {
      const { patient, consultationId } = await createWorld();
      const { page, context, provoked } = await visit(patient, STILL);
      provoked.push("net::");
      await context.addInitScript(deny);
      await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
      await live(page);
      const notice = page.getByText("Do not close this page until everything is sent.");
      await writeOffline(page, ["only in memory"]);
      await notice.waitFor();
      expect(await violations(page)).toEqual([]);

      const asked = page.waitForEvent("dialog");
      void page.close({ runBeforeUnload: true });
      const dialog = await asked;
      expect(dialog.type()).toBe("beforeunload");
      await dialog.dismiss();

      await context.setOffline(false);
      await notice.waitFor({ state: "detached" });
      await page.getByRole("log").getByText("Sent", { exact: true }).waitFor();
      expect(await textsIn(consultationId)).toEqual(["only in memory"]);
    },
  );
});

describe("F27 a consultation that ends while messages wait", () => {
  it("F27 UI3 keeps them visible as unsent, with the reason, to be copied, also after a reload", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId, STILL);
    provoked.push("net::", "409");
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await writeOffline(page, ["one more thing", "and another"]);
    await completeConsultation(practitioner, consultationId, { closingNote: null });
    await context.setOffline(false);
    const log = page.getByRole("log");
    for (const load of [() => page.getByText("This consultation is completed").waitFor(), () => page.reload()]) {
      await load();
      await expect.poll(() => log.getByText("The consultation ended before this was sent.").count()).toBe(2);
      expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    }
    await log.getByRole("button", { name: "Copy" }).first().click();
    await log.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("one more thing");
    expect(await violations(page)).toEqual([]);
    expect(await textsIn(consultationId)).toEqual([]);
  });
});

describe("a double click", () => {
  it("F21 on Send is one message", async () => {
    const { patient, consultationId } = await createWorld();
    const { page } = await join(patient, consultationId);
    await page.getByRole("textbox").fill("clicked twice");
    await page.getByRole("button", { name: "Send" }).dblclick();
    await page.getByRole("log").getByText("clicked twice").waitFor();
    await write(page, "written after it");
    await expect.poll(() => textsIn(consultationId)).toEqual(["clicked twice", "written after it"]);
  });
});
