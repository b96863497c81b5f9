import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { createUser } from "@/lib/server/accounts/create-user";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { cookieOf, live, useBrowser } from "@/tests/support/browser";
import { bubbles, holdSends, TALL, textsIn, writeOffline } from "@/tests/support/chat-page";
import { storedOnDevice } from "@/tests/support/device-storage";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
const UNSENT_HERE = "Unsent text on this device";

/** A world whose patient has left two messages on this device that could not be sent. */
async function leaveTwoUnsent() {
  const world = await createWorld();
  const visitor = await join(world.patient, world.consultationId, TALL);
  visitor.provoked.push("net::", "401", "403", "404");
  await writeOffline(visitor.page, ["secret number one", "secret number two"]);
  const release = await holdSends(visitor.context);
  return { ...world, ...visitor, release };
}

async function settings({ page }: { page: Page }) {
  await page.goto(`${app.baseUrl}/settings`);
  await page.getByRole("button", { name: "Sign out" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  return dialog;
}

/** Nothing that somebody wrote is left, in the clear or not. */
async function expectWiped(page: Page): Promise<void> {
  const left = await storedOnDevice(page);
  expect(Object.values(left).flat().join(" ")).not.toContain("secret");
  const rows = Object.entries(left).filter(([name, list]) => name.includes("/") && list.length > 0);
  expect(rows).toEqual([]);
}

async function signedOut(context: BrowserContext): Promise<boolean> {
  return (await context.cookies()).every(({ name }) => name !== "next-auth.session-token");
}

describe("F26 signing out with words that are not sent yet", () => {
  it("F26 SND5 is warned of, can be called off, and deletes them for good once confirmed", async () => {
    const { page, context, release, practitioner, consultationId } = await leaveTwoUnsent();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const dialog = await settings({ page });
    await dialog.getByRole("heading", { name: "2 messages are not sent yet" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Copy all of it" }).click();
    await dialog.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("secret number one\n\nsecret number two");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await signedOut(context)).toBe(false);
    await page.getByRole("button", { name: "Sign out" }).click();
    await dialog.getByRole("button", { name: "Sign out and delete" }).click();
    await page.waitForURL("**/sign-in**");
    expect(await signedOut(context)).toBe(true);
    await expectWiped(page);
    expect(await page.getByText(UNSENT_HERE).count()).toBe(0);

    await release();
    await context.addCookies([await cookieOf(app, practitioner)]);
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
    expect(await bubbles(page)).toEqual([]);
    expect(await textsIn(consultationId)).toEqual([]);
  });

  it("F26 SND5 another tab that is still open forgets them too and sends nothing", async () => {
    const { page, context, release, consultationId } = await leaveTwoUnsent();
    const beside = await context.newPage();
    await beside.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await expect.poll(() => bubbles(beside)).toHaveLength(2);
    const dialog = await settings({ page });
    await dialog.getByRole("button", { name: "Sign out and delete" }).click();
    await page.waitForURL("**/sign-in**");
    await expect.poll(() => bubbles(beside)).toEqual([]);
    await release();
    await beside.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await beside.getByText("Your session has ended.").first().waitFor();
    expect(await textsIn(consultationId)).toEqual([]);
    await expectWiped(beside);
  });

  it("F26 SND5 somebody else who signs in here was told that it deletes them, and it does", async () => {
    const { page, context, release, patient, practitioner, consultationId } = await leaveTwoUnsent();
    await db().session.update({ where: { id: patient.sessionId }, data: { endedAt: new Date() } });
    await page.goto(`${app.baseUrl}/sign-in`);
    await page.getByText(UNSENT_HERE).waitFor();
    expect(await page.content()).not.toMatch(/secret|Anna Weber/);
    expect(await violations(page)).toEqual([]);

    await release();
    await context.addCookies([await cookieOf(app, practitioner)]);
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
    expect(await bubbles(page)).toEqual([]);
    await expect.poll(async () => JSON.stringify(await storedOnDevice(page))).not.toMatch(/secret/);
    await page.goto(`${app.baseUrl}/consultations`);
    expect(await textsIn(consultationId)).toEqual([]);
  });

  it("F26 without anything unsent there is nothing to ask", async () => {
    const { patient } = await createWorld();
    const { page, context, provoked } = await visit(patient);
    // What the page was still asking for may come to the server after the sign-out.
    provoked.push("401");
    await page.goto(`${app.baseUrl}/settings`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in**");
    expect(await signedOut(context)).toBe(true);
  });
});

describe("F29 a session that expires mid-chat", () => {
  it("F29 SND1 keeps draft and queue; signing in again in the same tab comes back to the chat and sends", async () => {
    const { practitioner, patient, consultationId } = await createWorld();
    const email = `${patient.userId}@murph.example`;
    const account = await createUser({ email, name: "Anna", role: "PATIENT", password: "a long enough password" });
    await db().participant.create({ data: { consultationId, userId: account.id } });
    const { page, provoked } = await visit(null, TALL);
    provoked.push("401", "403");
    const signIn = async () => {
      await page.getByLabel("E-mail").fill(email);
      await page.getByLabel("Password").fill("a long enough password");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.waitForURL(`**/consultations/${consultationId}`);
      await live(page);
    };
    await page.goto(`${app.baseUrl}/sign-in?callbackUrl=/consultations/${consultationId}`);
    await signIn();

    await db().session.updateMany({ where: { userId: account.id }, data: { endedAt: new Date() } });
    const box = page.getByRole("textbox");
    await box.fill("written when the session was over");
    await box.press("Enter");
    await page.getByText("Your session has ended.").first().waitFor();
    await box.fill("and half a tho");
    await page.getByRole("link", { name: "Sign in again" }).click();
    await page.getByText(UNSENT_HERE).waitFor();
    expect(JSON.stringify(await storedOnDevice(page))).not.toMatch(/session was over|half a tho/);
    await signIn();
    await expect.poll(() => box.inputValue()).toBe("and half a tho");
    await expect.poll(() => textsIn(consultationId)).toEqual(["written when the session was over"]);
    await box.press("Enter");
    await expect.poll(() => textsIn(consultationId)).toEqual(["written when the session was over", "and half a tho"]);
    expect(practitioner.userId).not.toBe(account.id);
  });
});
