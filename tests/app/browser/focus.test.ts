import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { appendMany } from "@/tests/support/append-many";
import { live, useBrowser } from "@/tests/support/browser";
import { focused, focusOn, go, press } from "@/tests/support/keyboard";
import { createConsultation, createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
const sizes = [{ viewport: { width: 390, height: 844 } }, { viewport: { width: 1440, height: 900 } }] as const;
const FEW = 12;

/** How far the reader of a log has come, and whether what has the focus there can be seen. */
function reader(log: Locator) {
  return log.evaluate((box) => {
    const edge = box.getBoundingClientRect();
    const row = document.activeElement?.closest("article")?.getBoundingClientRect();
    return { top: box.scrollTop, inView: row !== undefined && row.bottom > edge.top && row.top < edge.bottom };
  });
}

/** Takes each stop away in every way there is and puts it back; answers with those that left nothing focused. */
async function lostBy(page: Page): Promise<string[]> {
  await page.waitForFunction(() => !/native code/.test(String(history.pushState)));
  return page.evaluate(async () => {
    const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const takeOut = (node: Element) => {
      const [parent, next] = [node.parentNode, node.nextSibling];
      node.remove();
      return () => parent?.insertBefore(node, next);
    };
    const ways: Record<string, (stop: HTMLElement) => (() => unknown) | null> = {
      removed: takeOut,
      "removed with its parent": ({ parentElement: parent }) => (parent?.closest("#content") ? takeOut(parent) : null),
      hidden: (stop) => {
        stop.style.display = "none";
        return () => stop.style.removeProperty("display");
      },
      disabled: (stop) => {
        if (!stop.matches("button, input, textarea")) return null;
        stop.toggleAttribute("disabled", true);
        return () => stop.toggleAttribute("disabled", false);
      },
    };
    const stops = [...document.querySelectorAll<HTMLElement>("a[href], button, input, textarea, article")];
    const lost: string[] = [];
    for (const stop of stops.filter((one) => one.checkVisibility() && one.tabIndex >= 0).slice(0, 12)) {
      for (const [way, take] of Object.entries(ways)) {
        stop.focus();
        if (document.activeElement !== stop) continue;
        const putBack = take(stop);
        await drawn();
        const now = document.activeElement;
        if (putBack && (!now || now === document.body || now === stop))
          lost.push(`${stop.outerHTML.slice(0, 80)} ${way}`);
        putBack?.();
      }
    }
    return lost;
  });
}

describe.each(sizes)("R2 at $viewport.width px", (size) => {
  it("R2 Tab passes a long log in one stop without moving its reader; older pages, the pill and Escape keep the focus", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await appendMany(practitioner, consultationId, { count: 400 });
    await sendMessage(
      practitioner,
      messageOf(consultationId, "See https://murph.example/one and https://murph.example/two"),
    );
    const { page } = await join(patient, consultationId, size);
    const log = page.getByRole("log");
    const people = page.getByRole("button", { name: "People in this consultation" });

    expect(await press(page, "Tab")).toContain("Skip to the conversation");
    expect(await press(page, "Enter")).toMatch(/^TEXTAREA/);
    await people.focus();
    const end = await reader(log);
    expect(await go(page, "Tab", /^TEXTAREA/)).toBeLessThan(FEW);
    expect(await go(page, "Shift+Tab", /^BUTTON People/)).toBeLessThan(FEW);
    expect(Math.abs((await reader(log)).top - end.top)).toBeLessThan(50);

    // In the middle of it.
    await log.hover();
    await page.mouse.wheel(0, -2_500);
    const toLatest = page.getByRole("button", { name: /latest message|new message/ });
    await toLatest.waitFor();
    await expect
      .poll(() =>
        log.evaluate((box) => {
          const edge = box.getBoundingClientRect();
          const stop = box.querySelector('article[tabindex="0"]')?.getBoundingClientRect();
          return stop !== undefined && stop.bottom > edge.top && stop.top < edge.bottom;
        }),
      )
      .toBe(true);
    await people.focus();
    const middle = await reader(log);
    expect(await press(page, "Tab")).toMatch(/^ARTICLE/);
    const there = await reader(log);
    expect(there.inView).toBe(true);
    expect(Math.abs(there.top - middle.top)).toBeLessThan(200);

    // Older pages, by arrows and by the button.
    const firstSeq = () => log.evaluate((box) => Number(box.querySelector<HTMLElement>("article")?.dataset.seq));
    for (const older of ["Home", "Home"]) {
      const before = await firstSeq();
      expect(await press(page, older)).toMatch(/^ARTICLE/);
      await expect.poll(() => press(page, "ArrowUp").then(firstSeq)).toBeLessThan(before);
      expect((await reader(log)).inView).toBe(true);
    }
    const button = page.getByRole("button", { name: /Load earlier messages|Loading earlier/ });
    if (await button.isVisible()) {
      await button.focus();
      expect(await press(page, "Enter")).not.toMatch(/^BODY/);
      await focusOn(page, /^ARTICLE/);
      expect((await reader(log)).inView).toBe(true);
    }

    await go(page, "Tab", /^BUTTON (Go to the latest|\d+ new)/);
    await page.keyboard.press("Enter");
    await focusOn(page, /^ARTICLE .*murph\.example/);
    await toLatest.waitFor({ state: "hidden" });
    expect(await focused(page)).toMatch(/^ARTICLE .*murph\.example/);
    expect(await press(page, "Tab")).toMatch(/^A https/);
    expect(await press(page, "Escape")).toMatch(/^TEXTAREA/);
  });

  it("R2 the focus goes on when what had it goes away: opening, menus, dialogs, panel, deletions, start, settings", async () => {
    const [anna, weber] = [await createPerson("PATIENT", "Anna"), await createPerson("PRACTITIONER", "Dr. Weber")];
    const okafor = await createPerson("PRACTITIONER", "Dr. Okafor");
    await createConsultation([anna, weber, okafor], "SCHEDULED");
    const { page } = await visit(weber, size);
    await page.goto(`${app.baseUrl}/consultations`);
    await live(page);

    await go(page, "Tab", /^BUTTON New consultation/);
    expect(await press(page, "Enter")).toMatch(/^INPUT Patient's e-mail/);
    expect(await press(page, "Escape")).toMatch(/^BUTTON New consultation/);
    await go(page, "Tab", /^A .*Anna/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Start consultation" }).waitFor();
    await go(page, "Tab", /^BUTTON Start consultation/);
    await page.keyboard.press("Enter");
    await focusOn(page, /^TEXTAREA/);

    await page.keyboard.type("Good morning");
    await page.keyboard.press("Enter");
    const message = page.getByRole("log").locator("article").filter({ hasText: "Good morning" });
    await message.getByText("Sent", { exact: true }).waitFor();
    const toMessage = async () => {
      await message.focus();
      await page.keyboard.press("Enter");
      await focusOn(page, /^DIV Message|^DIV React/);
    };
    await toMessage();
    await page.keyboard.press("Escape");
    await focusOn(page, /^ARTICLE .*Good morning/);
    await toMessage();
    await go(page, "ArrowDown", /React/);
    await page.keyboard.press("Enter");
    await focusOn(page, /^BUTTON Thumbs up/);
    await page.keyboard.press("Enter");
    await focusOn(page, /^ARTICLE .*Good morning/);
    const chip = message.getByRole("button", { name: /👍/ });
    await chip.focus();
    await page.keyboard.press("Enter");
    await chip.waitFor({ state: "detached" });
    await focusOn(page, /^ARTICLE .*Good morning/);
    await toMessage();
    await go(page, "ArrowDown", /Delete/);
    await page.keyboard.press("Enter");
    await focusOn(page, /^BUTTON Keep it/);
    await go(page, "Tab", /^BUTTON Delete/);
    await page.keyboard.press("Enter");
    await page.getByText("This message was deleted").first().waitFor();
    await focusOn(page, /^ARTICLE/);

    await go(page, "Shift+Tab", /^BUTTON People/);
    await press(page, "Enter");
    await go(page, "Tab", /^BUTTON Remove Dr\. Okafor/);
    await page.keyboard.press("Enter");
    await focusOn(page, /^BUTTON Keep/);
    await go(page, "Tab", /^BUTTON Remove/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove Dr. Okafor" }).waitFor({ state: "detached" });
    await focusOn(page, /^BUTTON Remove Anna/);
    await page.keyboard.press("Escape");
    await focusOn(page, /^BUTTON People/);

    await go(page, "Shift+Tab", /^BUTTON Complete/);
    await press(page, "Enter");
    await go(page, "Tab", /^INPUT/);
    await press(page, "ArrowDown");
    await go(page, "Tab", /^BUTTON Complete consultation/);
    await page.keyboard.press("Enter");
    await page.getByText("This consultation is completed").first().waitFor();
    await focusOn(page, /^ARTICLE/);

    await page.goto(`${app.baseUrl}/consultations`);
    await go(page, "Tab", /^A Settings/);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/settings");
    await focusOn(page, /^MAIN/);
    await go(page, "Tab", /^BUTTON Deutsch/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    await focusOn(page, /^BUTTON Deutsch/);
    await page.goBack();
    await page.waitForURL("**/consultations");
    expect(await focused(page)).not.toMatch(/^BODY/);
  });
});

it("R2 whatever stop of a page is removed, hidden or disabled, another has the focus", async () => {
  const { page } = await visit(null);
  await page.goto(`${app.baseUrl}/sign-in`);
  const found: Record<string, string[]> = { "sign-in": await lostBy(page) };
  await page.getByLabel("E-mail").fill("nobody@murph.example");
  await page.getByLabel("Password").fill("not the password");
  await page.keyboard.press("Enter");
  // By its id: Next has an empty alert of its own.
  await page.locator("#problem").waitFor();
  expect(await focused(page)).toMatch(/^INPUT E-mail/);

  const { patient, practitioner, consultationId } = await createWorld();
  await sendMessage(practitioner, messageOf(consultationId, "See https://murph.example/one"));
  const room = await join(patient, consultationId);
  found.room = await lostBy(room.page);
  for (const path of ["/consultations", "/settings"]) {
    await room.page.goto(app.baseUrl + path);
    await room.page.getByRole("heading", { level: 1 }).waitFor();
    found[path] = await lostBy(room.page);
  }
  expect(found).toEqual({ "sign-in": [], room: [], "/consultations": [], "/settings": [] });
});
