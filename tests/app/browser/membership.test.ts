import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { channelsKeys, clientOf, useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { connectPusher } from "@/tests/support/pusher-client";
import { createPerson, createWorld, messageOf, type Person } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
const WIDE = { viewport: { width: 1440, height: 900 } };
/** F28: access ends within this. */
const AT_ONCE = { timeout: 5_000 };

async function openPeople(page: Page) {
  await page.getByRole("button", { name: "People in this consultation" }).click();
  return page.getByRole("region", { name: "People" }).or(page.getByRole("dialog", { name: "People" }));
}

/** What reaches somebody's socket who never signed in to Pusher as a user, so that nobody can cut it. */
async function tapChannel(person: Person, consultationId: string) {
  const client = await clientOf(app, person);
  const { key } = await channelsKeys();
  const pusher = connectPusher(key, Number(new URL(app.baseUrl).port), async (socket_id, channel_name) => {
    const answer = await client.post("/api/pusher/auth", { form: { socket_id, channel_name } });
    if (answer.status !== 200) throw new Error(`The channel was refused with ${answer.status}`);
    return answer.body;
  });
  const heard: string[] = [];
  const channel = pusher.subscribe(`private-consultation-${consultationId}`);
  await new Promise<void>((resolve, reject) => {
    channel.bind("pusher:subscription_succeeded", () => resolve());
    channel.bind("pusher:subscription_error", reject);
  });
  channel.bind_global((name: string, data: unknown) => heard.push(`${name} ${JSON.stringify(data)}`));
  return { heard, close: () => pusher.disconnect() };
}

describe("a new consultation", () => {
  it("E2 A7 is created with a new patient, whose invitation link opens it in a third browser, and is started", async () => {
    const email = `new-${randomUUID()}@murph.example`;
    const weber = await visit(await createPerson("PRACTITIONER", "Dr. Weber"));
    const { page } = weber;
    await page.goto(`${app.baseUrl}/consultations`);
    await live(page);
    await page.getByRole("button", { name: "New consultation" }).click();
    const dialog = page.getByRole("dialog", { name: "New consultation" });
    await dialog.getByRole("button", { name: "Create consultation" }).click();
    await dialog.getByText("This is not an e-mail address").waitFor();
    await dialog.getByText("Enter a subject").waitFor();
    expect(await dialog.getByLabel("Patient's e-mail").evaluate((field) => field === document.activeElement)).toBe(
      true,
    );
    expect(await violations(page)).toEqual([]);

    await dialog.getByLabel("Patient's e-mail").fill(email);
    await dialog.getByLabel("Patient's name").fill("Nora Neu");
    await dialog.getByLabel("Subject").fill("First talk");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "New consultation" }).click();
    await expect.poll(() => dialog.getByLabel("Subject").inputValue()).toBe("First talk");
    await dialog.getByRole("button", { name: "Create consultation" }).click();
    const done = page.getByRole("dialog", { name: "The consultation is set up" });
    const link = await done.getByRole("textbox", { name: "Invitation link" }).inputValue();
    expect(new URL(link).pathname).toMatch(/^\/invite\/.{20,}$/);
    expect(await violations(page)).toEqual([]);

    const nora = await visit(null);
    await nora.page.goto(app.baseUrl + new URL(link).pathname);
    expect(await nora.page.getByLabel("Your name").inputValue()).toBe("Nora Neu");
    expect(await violations(nora.page)).toEqual([]);
    await nora.page
      .getByLabel(/password/i)
      .first()
      .fill("long enough to keep");
    await nora.page.locator("form").getByRole("button").last().click();
    await nora.page.waitForURL("**/consultations/*");
    await nora.page.getByText("This consultation has not started yet").waitFor();

    await done.getByRole("button", { name: "Open the consultation" }).click();
    await page.getByRole("button", { name: "Start consultation" }).click();
    await nora.page.getByRole("textbox").waitFor();
    await write(nora.page, "Here I am");
    await page.getByRole("log").getByText("Here I am").waitFor();

    const again = await visit(null);
    await again.page.goto(app.baseUrl + new URL(link).pathname);
    await again.page.getByText("This invitation is not valid any more").waitFor();
    expect(await again.page.getByLabel("Choose a password").count()).toBe(0);
    expect(await violations(again.page)).toEqual([]);
  });

  it("E2 A8 says what is wrong with an address, and an unknown outcome is not a second consultation", async () => {
    const weber = await createPerson("PRACTITIONER", "Dr. Weber");
    const colleague = await createPerson("PRACTITIONER");
    const patient = await createPerson("PATIENT", "Known Patient");
    const emailOf = async ({ userId }: Person) => (await db().user.findUniqueOrThrow({ where: { id: userId } })).email;
    const { page, provoked } = await visit(weber);
    provoked.push("422", "net::");
    await page.goto(`${app.baseUrl}/consultations`);
    await page.getByRole("button", { name: "New consultation" }).click();
    const dialog = page.getByRole("dialog", { name: "New consultation" });
    await dialog.getByLabel("Subject").fill("Only one");
    await dialog.getByLabel("Patient's e-mail").fill(await emailOf(colleague));
    await dialog.getByRole("button", { name: "Create consultation" }).click();
    await dialog.getByText("This address belongs to a colleague").waitFor();

    await dialog.getByLabel("Patient's e-mail").fill(await emailOf(patient));
    await page.route("**/api/consultations", async (route) => {
      if (route.request().method() === "POST") await route.fetch();
      await route.abort();
    });
    await dialog.getByRole("button", { name: "Create consultation" }).click();
    await dialog.getByText("No answer from the network").waitFor();
    await page.unroute("**/api/consultations");
    await dialog.getByRole("button", { name: "Create consultation" }).click();
    await page.waitForURL("**/consultations/*");
    expect(await db().participant.count({ where: { userId: weber.userId } })).toBe(1);
  });

  it("A7 A8 a scheduled one is cancelled after a question, and both sides see it at once", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    const [anna, weber] = [await join(patient, consultationId), await join(practitioner, consultationId)];
    expect(await anna.page.getByRole("button", { name: "Cancel consultation" }).count()).toBe(0);
    await weber.page.getByRole("button", { name: "Cancel consultation" }).click();
    const question = weber.page.getByRole("alertdialog");
    await question.getByRole("button", { name: "Keep it" }).click();
    await question.waitFor({ state: "detached" });
    await weber.page.getByRole("button", { name: "Cancel consultation" }).click();
    expect(await violations(weber.page)).toEqual([]);
    await question.getByRole("button", { name: "Cancel consultation" }).click();
    for (const { page } of [anna, weber]) await page.getByText("This consultation was cancelled").waitFor(AT_ONCE);
  });
});

describe("membership", () => {
  it("E2 UI4 F28 ATK102 a second practitioner and an interpreter join live, and whoever is removed loses every word at once", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const okafor = await createPerson("PRACTITIONER", `Dr. Okafor ${randomUUID()}`);
    const ines = await createPerson("INTERPRETER", `Ines ${randomUUID()}`);
    const [anna, weber] = [await join(patient, consultationId, WIDE), await join(practitioner, consultationId, WIDE)];
    await write(anna.page, "before they came");
    const colleague = await visit(okafor);
    const frames: string[] = [];
    colleague.page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => frames.push(String(payload))),
    );
    await colleague.page.goto(`${app.baseUrl}/consultations`);
    await live(colleague.page);

    const people = await openPeople(weber.page);
    expect(await people.getByRole("button", { name: /Leave|Remove Dr. Weber/ }).count()).toBe(0);
    for (const { name } of [okafor, ines]) {
      await people.getByRole("button", { name: "Add a colleague" }).click();
      const [search, add] = [
        people.getByRole("searchbox"),
        people.getByRole("listitem").filter({ hasText: name }).getByRole("button", { name: ": Add" }),
      ];
      await search.or(add).first().waitFor();
      if (await search.isVisible()) await search.fill(name);
      await add.click();
      await people.getByText(name, { exact: true }).waitFor();
      await anna.page.getByRole("log").getByText(`${name} was added by Dr. Weber`).waitFor();
    }
    expect(await violations(weber.page)).toEqual([]);

    await colleague.page.getByRole("link").filter({ hasText: "before they came" }).click();
    await colleague.page.getByRole("log").getByText("before they came").waitFor();
    await live(colleague.page);
    colleague.provoked.push("403", "404");
    const tap = await tapChannel(okafor, consultationId);
    await write(anna.page, "while they are here");
    await colleague.page.getByRole("log").getByText("while they are here").waitFor();
    await expect.poll(() => tap.heard.join()).toContain("while they are here");

    await people.getByRole("button", { name: `Remove ${okafor.name}` }).click();
    const question = weber.page.getByRole("alertdialog");
    expect(await violations(weber.page)).toEqual([]);
    const asked = Date.now();
    await question.getByRole("button", { name: "Remove" }).click();
    for (const words of ["before they came", "while they are here"]) {
      await colleague.page
        .getByText(words)
        .first()
        .waitFor({ state: "detached", ...AT_ONCE });
    }
    expect(Date.now() - asked).toBeLessThan(AT_ONCE.timeout);
    await anna.page.getByRole("log").getByText(`${okafor.name} was removed by Dr. Weber`).waitFor();
    await people.getByText(okafor.name, { exact: true }).waitFor({ state: "detached" });

    await write(anna.page, "not for them any more");
    await weber.page.getByRole("log").getByText("not for them any more").waitFor();
    await expect.poll(() => tap.heard.filter((line) => line.includes('"hint":true')).length).toBeGreaterThan(0);
    expect(tap.heard.join()).not.toContain("not for them any more");
    expect(frames.join()).not.toContain("not for them any more");
    expect(await colleague.page.content()).not.toMatch(/before they came|while they are here|not for them any more/);
    tap.close();
    const denied = await clientOf(app, okafor);
    for (const path of ["", "/events?after=0", "/messages"]) {
      expect((await denied.get(`/api/consultations/${consultationId}${path}`)).status).toBe(404);
    }
    expect((await denied.post("/api/nachrichten", { json: messageOf(consultationId, "let me in") })).status).toBe(404);
    await colleague.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await colleague.page.getByText("Page not found").waitFor();
  });

  it("E2 UI4 a practitioner leaves of their own will, patients have no such button, and the panel is a sheet on a phone", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const okafor = await createPerson("PRACTITIONER", "Dr. Okafor");
    await db().participant.create({ data: { consultationId, userId: okafor.userId } });
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };
    const [anna, weber] = [await join(patient, consultationId, phone), await join(practitioner, consultationId, phone)];
    const ofAnna = await openPeople(anna.page);
    await ofAnna.getByText("Anna (you)").waitFor();
    await ofAnna.getByText("In this conversation now").nth(1).waitFor();
    expect(await ofAnna.getByRole("button", { name: /Remove|Leave|Add/ }).count()).toBe(0);
    expect(await violations(anna.page)).toEqual([]);
    await anna.page.keyboard.press("Escape");
    await ofAnna.waitFor({ state: "detached" });
    const focused = await anna.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    expect(focused).toBe("People in this consultation");

    weber.provoked.push("403", "404");
    const ofWeber = await openPeople(weber.page);
    await ofWeber.getByRole("button", { name: "Leave this consultation" }).click();
    await weber.page.getByRole("alertdialog").getByRole("button", { name: "Leave this consultation" }).click();
    await weber.page.waitForURL("**/consultations");
    await weber.page.getByText("No consultations yet").waitFor();
    expect(await db().participant.count({ where: { consultationId, leftAt: null } })).toBe(2);
  });
});
