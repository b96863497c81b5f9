import type { Locator, Page } from "playwright-core";
import { v7 } from "uuid";
import { describe, expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { violations } from "@/tests/support/accessibility";
import { clientOf, useApp } from "@/tests/support/app-world";
import { crash, live, useBrowser, write } from "@/tests/support/browser";
import { createConsultation, createPerson, messageOf, type Person } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
/** Coming and going are hints: the server asks again, and waits for people who only reload. */
const SOON = { timeout: 20_000 };

function rowOf(page: Page, name: string): Locator {
  return page.getByRole("navigation", { name: "Your consultations" }).getByRole("link").filter({ hasText: name });
}

/** Whose rows stand there, from top to bottom. The first line are the initials of a picture. */
async function order(page: Page): Promise<string[]> {
  const texts = await page.getByRole("navigation").getByRole("listitem").allInnerTexts();
  return texts.map((text) => text.split("\n")[1] ?? "");
}

async function shows(page: Page, name: string, ...parts: string[]): Promise<void> {
  for (const part of parts) await rowOf(page, name).getByText(part, { exact: true }).waitFor(SOON);
}

async function say(person: Person, consultationId: string, content: string): Promise<string> {
  const id = v7();
  const client = await clientOf(app, person);
  expect((await client.post("/api/nachrichten", { json: messageOf(consultationId, content, id) })).status).toBe(201);
  return id;
}

async function practice() {
  const weber = await createPerson("PRACTITIONER", "Dr. Weber");
  const [anna, ben] = [await createPerson("PATIENT", "Anna"), await createPerson("PATIENT", "Ben")];
  const [withAnna, withBen] = [await createConsultation([anna, weber]), await createConsultation([ben, weber])];
  return { weber, anna, ben, withAnna, withBen };
}

describe("the list", () => {
  it("S8 a name as long as the line hides nobody's role, in the list, in the header, on a phone", async () => {
    const weber = await createPerson("PRACTITIONER", "Dr. Weber");
    const long = await createPerson("PATIENT", "Dr. Lena Weber, Behandlungsteam der Praxis am Markt, Praxis");
    const room = await createConsultation([long, weber]);
    const three = await createConsultation([long, weber, await createPerson("INTERPRETER", "Dr. Ivo")]);
    for (const [width, path] of [
      [1280, `/consultations/${room}`],
      [390, `/consultations/${room}`],
      [390, `/consultations/${three}`],
      [390, "/consultations"],
    ] as const) {
      const { page } = await visit(weber, { viewport: { width, height: 800 } });
      await page.goto(`${app.baseUrl}${path}`);
      await live(page);
      const names = page.getByText(long.name, { exact: true }).filter({ visible: true });
      await names.first().waitFor();
      const seen = await names.evaluateAll((elements) =>
        elements.map((element) => {
          const line = element.parentElement?.getBoundingClientRect();
          const badge = element.nextElementSibling?.getBoundingClientRect();
          return badge && line && badge.bottom <= line.bottom + 4 && badge.right <= line.right + 1;
        }),
      );
      expect({ width, path, seen }).toEqual({ width, path, seen: seen.map(() => true) });
    }
  });

  it("C7 C8 C5 preview, unread, order and presence are live and right in every tab, also after one was closed and one killed", async () => {
    const { weber, anna, ben, withAnna, withBen } = await practice();
    const first = await visit(weber);
    const tabs = [first.page, await first.context.newPage()];
    for (const tab of tabs) {
      await tab.goto(`${app.baseUrl}/consultations`);
      await live(tab);
    }
    const annas = await join(anna, withAnna);
    const bens = await join(ben, withBen);
    for (const tab of tabs) {
      for (const name of ["Anna", "Ben"]) await shows(tab, name, "Online");
    }

    await write(bens.page, "first of Ben");
    for (const tab of tabs) {
      await shows(tab, "Ben", "first of Ben", "1 unread message");
      await expect.poll(() => order(tab)).toEqual(["Ben", "Anna"]);
    }
    await write(annas.page, "first of Anna");
    // Her page sends when it can, the next call at once: without this it might be the earlier one.
    await shows(tabs[0] as Page, "Anna", "first of Anna");
    const second = await say(anna, withAnna, "second,\n  to be  corrected");
    for (const tab of tabs) {
      await shows(tab, "Anna", "second, to be corrected", "2 unread messages");
      await expect.poll(() => order(tab)).toEqual(["Anna", "Ben"]);
    }

    const annasClient = await clientOf(app, anna);
    const edited = await annasClient.request("PATCH", `/api/nachrichten/${second}`, { json: { content: "corrected" } });
    expect(edited.status).toBe(200);
    for (const tab of tabs) await shows(tab, "Anna", "corrected", "2 unread messages");
    expect((await annasClient.request("DELETE", `/api/nachrichten/${second}`)).status).toBe(200);
    for (const tab of tabs) {
      await shows(tab, "Anna", "first of Anna", "1 unread message");
      expect(await tab.getByText("corrected").count()).toBe(0);
    }

    // Read in one tab is read in all of them.
    const [watching, reading] = tabs as [Page, Page];
    await rowOf(reading, "Anna").click();
    await reading.getByRole("log").getByText("first of Anna").waitFor();
    for (const tab of tabs)
      await rowOf(tab, "Anna")
        .getByText("unread")
        .waitFor({ state: "detached", ...SOON });
    await write(reading, "I have read it");
    await shows(watching, "Anna", "You: I have read it");

    // Ben has two tabs: closing one leaves him online, killing the other does not.
    const besideBen = await bens.context.newPage();
    await besideBen.goto(`${app.baseUrl}/consultations`);
    await live(besideBen);
    await bens.page.close();
    await say(ben, withBen, "still here in another tab");
    await shows(watching, "Ben", "still here in another tab", "2 unread messages", "Online");
    await crash(besideBen);
    // Whoever has asked something counts as here for 45 s. A call that was on its way may be counted after the crash.
    const lookLater = () =>
      db()
        .$executeRaw`UPDATE user_presence SET seen_at = now() - interval '1 minute' WHERE user_id = ${ben.userId}::uuid`;
    for (const tab of tabs) {
      const gone = rowOf(tab, "Ben").getByText(/^Last active/);
      await expect.poll(async () => (await lookLater()) && (await gone.count())).toBe(1);
      await shows(tab, "Anna", "Online");
    }

    // A tab of one's own that dies takes nothing with it.
    await crash(reading);
    await write(annas.page, "and you?");
    await shows(watching, "Anna", "and you?", "1 unread message");
    await expect.poll(() => order(watching)).toEqual(["Anna", "Ben"]);
  }, 120_000);

  it("D7 C7 what was begun in one room waits there, and its row says so", async () => {
    const { weber, anna, withAnna, withBen } = await practice();
    await say(anna, withAnna, "the last word");
    const { page } = await join(weber, withAnna);
    await page.getByRole("textbox").fill("half a thought");
    await rowOf(page, "Ben").click();
    await page.waitForURL(`**/${withBen}`);
    await shows(page, "Anna", "Draft:", "half a thought");
    expect(await page.getByRole("textbox").inputValue()).toBe("");
    await page.getByRole("textbox").fill("for Ben");
    await page.reload();
    await live(page);
    await shows(page, "Anna", "Draft:", "half a thought");
    await expect.poll(() => page.getByRole("textbox").inputValue()).toBe("for Ben");

    await rowOf(page, "Anna").click();
    await expect.poll(() => page.getByRole("textbox").inputValue()).toBe("half a thought");
    await page.getByRole("textbox").press("Enter");
    await page.getByRole("log").getByText("half a thought").waitFor();
    await rowOf(page, "Ben").click();
    await shows(page, "Anna", "You: half a thought");
    expect(await rowOf(page, "Anna").getByText("Draft:").count()).toBe(0);
  });

  it("C7 UI rows do not move under the pointer, filters find by name and subject, and what is empty says so", async () => {
    const { weber, anna, ben, withAnna, withBen } = await practice();
    const carla = await createPerson("PATIENT", "Carla Müller");
    const later = await createConsultation([carla, weber], "SCHEDULED");
    await db().consultation.update({
      where: { id: later },
      data: { subject: "Knee pain", scheduledFor: new Date(Date.now() + 48 * 3_600_000) },
    });
    await db().consultation.update({ where: { id: withBen }, data: { status: "COMPLETED" } });
    await say(anna, withAnna, "hello");
    const { page } = await visit(weber, { viewport: { width: 1440, height: 900 } });
    await page.goto(`${app.baseUrl}/consultations`);
    await live(page);
    await page.getByText(/^Planned for /).waitFor();
    expect(await violations(page)).toEqual([]);

    const before = ["Anna", "Carla Müller", "Ben"];
    expect(await order(page)).toEqual(before);
    await page.getByRole("radio", { name: "In progress" }).check();
    await expect.poll(() => order(page)).toEqual(["Anna"]);
    await page.getByRole("radio", { name: "Past" }).check();
    await expect.poll(() => order(page)).toEqual(["Ben"]);
    await page.getByRole("radio", { name: "Scheduled" }).check();
    await expect.poll(() => order(page)).toEqual(["Carla Müller"]);
    await page.getByRole("radio", { name: "All" }).check();
    const search = page.getByRole("searchbox");
    await search.fill("muller knee");
    await expect.poll(() => order(page)).toEqual(["Carla Müller"]);
    await search.fill("nobody at all");
    await page.getByText("Nothing found").waitFor();
    expect(await violations(page)).toEqual([]);
    await search.press("Escape");
    await expect.poll(() => order(page)).toEqual(before);

    // Somebody is about to choose the last row while others write.
    const box = await rowOf(page, "Ben").boundingBox();
    if (!box) throw new Error("The last row is nowhere");
    let step = 0;
    const point = () => page.mouse.move(box.x + 20 + (step++ % 5), box.y + 20);
    await point();
    await db().consultation.update({ where: { id: withBen }, data: { status: "IN_PROGRESS" } });
    await say(ben, withBen, "this came meanwhile");
    await expect
      .poll(async () => {
        await point();
        return page.getByText("this came meanwhile").count();
      }, SOON)
      .toBe(1);
    expect(await order(page)).toEqual(before);
    await page.mouse.move(1_200, 450);
    await expect.poll(async () => (await order(page))[0]).toBe("Ben");
  });

  it("C7 UI without a consultation a practitioner is led to create one and a patient is told what will happen", async () => {
    const weber = await visit(await createPerson("PRACTITIONER"));
    await weber.page.goto(`${app.baseUrl}/consultations`);
    await weber.page.getByRole("button", { name: "New consultation" }).waitFor();
    const anna = await visit(await createPerson("PATIENT"));
    await anna.page.goto(`${app.baseUrl}/consultations`);
    await anna.page.getByText(/appears here by itself/).waitFor();
    expect(await anna.page.getByRole("button", { name: "New consultation" }).count()).toBe(0);
    for (const { page } of [weber, anna]) expect(await violations(page)).toEqual([]);
  });
});
