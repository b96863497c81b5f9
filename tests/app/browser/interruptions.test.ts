import { describe, expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { cookieOf, live, useBrowser, write } from "@/tests/support/browser";
import { createConsultation, createWorld } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

describe("words in the composer", () => {
  it("SND1 wait in their room while another one is open", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const other = await createConsultation([patient, practitioner]);
    const { page } = await join(patient, consultationId);
    await page.getByRole("textbox").fill("half a thought");
    for (const id of [other, consultationId]) {
      await page.locator(`a[href$="/consultations/${id}"]`).first().click();
      await page.waitForURL(`**/consultations/${id}`);
      await live(page);
      const words = id === other ? "" : "half a thought";
      await expect.poll(() => page.getByRole("textbox").inputValue()).toBe(words);
    }
    await page.getByRole("textbox").press("Enter");
    await page.getByRole("log").getByText("half a thought").waitFor();
    await page.locator(`a[href$="/consultations/${other}"]`).first().click();
    await page.waitForURL(`**/consultations/${other}`);
    await page.locator(`a[href$="/consultations/${consultationId}"]`).first().click();
    await page.waitForURL(`**/consultations/${consultationId}`);
    await live(page);
    expect(await page.getByRole("textbox").inputValue()).toBe("");
  });

  it("SND1 UI3 can still be read and copied after the consultation was completed meanwhile", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const [anna, weber] = [await join(patient, consultationId), await join(practitioner, consultationId)];
    await anna.page.getByRole("textbox").fill("one more question");
    await weber.page.getByRole("button", { name: "Complete consultation" }).click();
    await weber.page.getByRole("radio", { name: "Now" }).check();
    await weber.page.getByRole("dialog").getByRole("button", { name: "Complete consultation" }).click();
    await anna.page.getByText("This consultation is completed").waitFor();
    await expect.poll(() => anna.page.getByText("one more question").count()).toBe(1);
    await expect.poll(() => anna.page.getByRole("button", { name: "Copy" }).count()).toBe(1);
  });
});

describe("sessions", () => {
  it("F29 CON1 an ended one is told while nothing is being sent, and signing in goes on in the same tab", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("401", "403");
    await db().session.update({ where: { id: patient.sessionId }, data: { endedAt: new Date() } });
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.locator("#content").getByText("Your session has ended.").waitFor();
    await write(page, "kept meanwhile");
    await page.getByRole("log").getByText("kept meanwhile").waitFor();
    const signIn = page.locator("#content").getByRole("link", { name: /sign in again/i });
    expect(await signIn.getAttribute("target")).toBeNull();
    expect(await db().message.count({ where: { consultationId } })).toBe(0);

    const session = await db().session.create({
      data: { userId: patient.userId, expiresAt: new Date(Date.now() + 3_600_000) },
    });
    await context.addCookies([await cookieOf(app, { ...patient, sessionId: session.id })]);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.locator("#content").getByText("Your session has ended.").waitFor({ state: "detached" });
    await expect.poll(() => db().message.count({ where: { consultationId } })).toBe(1);
  });

  it("SND5 words written as one person are never sent as another who signed in beside them", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("401", "403");
    await context.addCookies([await cookieOf(app, practitioner)]);
    await write(page, "from the patient");
    await page.locator("#content").getByText("Your session has ended.").waitFor();
    expect(await db().message.count({ where: { consultationId } })).toBe(0);
    await context.addCookies([await cookieOf(app, patient)]);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.locator("#content").getByText("Your session has ended.").waitFor({ state: "detached" });
    await expect
      .poll(() => db().message.findMany({ where: { consultationId }, select: { senderId: true } }))
      .toEqual([{ senderId: patient.userId }]);
  });
});

describe("the server", () => {
  it("CON1 A8 SND3 while it does not answer the banner promises no messages, and what was written is sent afterwards", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await page.route("**/api/**", (route) => route.abort());
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await write(page, "into the silence");
    await page.getByText("We cannot be reached just now.").waitFor();
    expect(await page.getByText("Sent", { exact: true }).count()).toBe(0);
    await page.unroute("**/api/**");
    await page.getByText("We cannot be reached just now.").waitFor({ state: "detached" });
    await expect.poll(() => db().message.count({ where: { consultationId, senderId: patient.userId } })).toBe(1);
  });

  it("RCV4 A8 UI4 who takes no part any more is told so in words, and sees nothing of it any longer", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, provoked } = await join(patient, consultationId);
    provoked.push("404", "403");
    await db().participant.deleteMany({ where: { consultationId, userId: patient.userId } });
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByRole("heading", { name: "This conversation is closed to you" }).waitFor();
    expect(await page.getByRole("log").count()).toBe(0);
    expect(await page.getByRole("textbox", { name: "Message" }).count()).toBe(0);
  });
});
