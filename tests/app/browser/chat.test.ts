import { describe, expect, it } from "vitest";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { createConsultation, createPerson, createWorld } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
/** Tall enough that the windowed list shows a whole short conversation. */
const TALL = { viewport: { width: 1280, height: 1800 } };

describe("two people in two browsers", () => {
  it("A1 A5 B4 SND3 they talk both ways, every message is one bubble and one row, and a reload keeps everything", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const [anna, weber] = [await join(patient, consultationId, TALL), await join(practitioner, consultationId, TALL)];
    await write(anna.page, "Good morning, doctor");
    await weber.page.getByRole("log").getByText("Good morning, doctor").waitFor();
    await write(weber.page, "Good morning, Anna");
    await anna.page.getByRole("log").getByText("Good morning, Anna").waitFor();
    for (let index = 1; index <= 10; index++) {
      await write(index % 2 ? anna.page : weber.page, `message number ${index}.`);
    }
    for (const { page } of [anna, weber]) await page.getByRole("log").getByText("message number 10.").waitFor();

    const rows = await db().message.findMany({ where: { consultationId }, orderBy: { seq: "asc" } });
    const words = rows.map(({ content }) => content);
    expect(words).toHaveLength(12);
    for (const { page } of [anna, weber]) {
      const shown = () => page.getByRole("log").locator('article [id$="-text"]').allTextContents();
      await expect.poll(shown).toEqual(words);
      await page.reload();
      await live(page);
      await expect.poll(shown).toEqual(words);
    }
  });

  it("F21 a double Enter and a double click are one message", async () => {
    const { patient, consultationId } = await createWorld();
    const { page } = await join(patient, consultationId);
    await page.getByRole("textbox").fill("only once");
    await page.evaluate(() => {
      const box = document.querySelector("textarea");
      for (let index = 0; index < 50; index++) {
        box?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
      }
    });
    await page.getByRole("log").getByText("only once").waitFor();
    await write(page, "and then this");
    await expect
      .poll(async () =>
        (await db().message.findMany({ where: { consultationId }, orderBy: { seq: "asc" } })).map(
          ({ content }) => content,
        ),
      )
      .toEqual(["only once", "and then this"]);
  });

  it("A7 A1 the patient sees start and completion at once, and the reason why nothing can be written", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    const [anna, weber] = [await join(patient, consultationId), await join(practitioner, consultationId)];
    expect(await anna.page.getByRole("textbox").count()).toBe(0);
    expect(await anna.page.getByRole("button", { name: /start/i }).count()).toBe(0);
    await weber.page.getByRole("button", { name: /start/i }).click();
    await anna.page.getByRole("textbox").waitFor();
    await write(anna.page, "now we talk");
    await weber.page.getByRole("log").getByText("now we talk").waitFor();

    await weber.page.getByRole("button", { name: /complete/i }).click();
    const dialog = weber.page.getByRole("alertdialog").or(weber.page.getByRole("dialog"));
    await dialog.getByRole("radio", { name: "Now" }).check();
    await dialog.getByRole("textbox").fill("Rest for two days.");
    await dialog.getByRole("button", { name: /complete/i }).click();
    for (const { page } of [anna, weber]) {
      await page.getByRole("log").getByText("Rest for two days.").waitFor();
      await page.getByRole("textbox").waitFor({ state: "detached" });
    }
    expect((await db().consultation.findUniqueOrThrow({ where: { id: consultationId } })).status).toBe("COMPLETED");
  });

  it("ATK51 markup is shown as text, and only http links are links", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const [anna, weber] = [await join(patient, consultationId), await join(practitioner, consultationId)];
    const attack =
      '<img src=x onerror="document.title=1"> javascript:alert(1) https://murph.example/a?b=c ![x](https://evil.example/x.png)';
    await write(anna.page, attack);
    const bubble = weber.page.getByRole("log").getByText("onerror");
    await bubble.waitFor();
    const links = weber.page.getByRole("log").locator("a");
    expect(await links.first().getAttribute("href")).toBe("https://murph.example/a?b=c");
    for (const link of await links.all()) {
      expect(await link.getAttribute("href")).toMatch(/^https:/);
      expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
    }
    expect(await weber.page.getByRole("log").locator("img[src=x], img[src*=evil]").count()).toBe(0);
  });

  it("SND1 UI1 what the server refuses stays visible as unsent, with its reason and a way out", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, provoked } = await join(patient, consultationId);
    provoked.push("422");
    await page.route("**/api/nachrichten", (route) =>
      route.fulfill({
        status: 422,
        contentType: "application/json",
        body: JSON.stringify({ error: { code: "validation-failed", message: "no", details: {} } }),
      }),
    );
    await page.getByRole("textbox").fill("words worth keeping");
    await page.getByRole("textbox").press("Enter");
    await page.getByRole("button", { name: /try again|retry|send again/i }).waitFor();
    expect(await page.getByRole("log").getByText("words worth keeping").count()).toBe(1);
    await page.unroute("**/api/nachrichten");
    await page.getByRole("button", { name: /try again|retry|send again/i }).click();
    await expect.poll(() => db().message.count({ where: { consultationId } })).toBe(1);
    await page.getByRole("button", { name: /try again|retry|send again/i }).waitFor({ state: "detached" });
  });
});

describe("those who take no part", () => {
  it("B5 ATK25 a stranger gets a not-found page, a visitor the sign-in page, and neither sees a word", async () => {
    const { patient, consultationId } = await createWorld();
    const { page } = await join(patient, consultationId);
    await write(page, "between the two of us");
    await page.getByRole("log").getByText("between the two of us").waitFor();

    const stranger = await visit(await createPerson("PATIENT"));
    stranger.provoked.push("404");
    const response = await stranger.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    expect(response?.status()).toBe(404);
    expect(await stranger.page.content()).not.toContain("between the two of us");

    const visitor = await visit(null);
    await visitor.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    expect(new URL(visitor.page.url()).pathname).toBe("/sign-in");
    expect(await visitor.page.content()).not.toContain("between the two of us");
  });

  it("C1 one tab has one socket, whatever rooms it opens", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const other = await createConsultation([patient, practitioner]);
    const { page } = await visit(patient);
    const sockets: string[] = [];
    page.on("websocket", (socket) => {
      if (socket.url().includes("/app/")) sockets.push(socket.url());
    });
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
    for (const id of [other, consultationId, other]) {
      await page.locator(`a[href$="/consultations/${id}"]`).first().click();
      await page.waitForURL(`**/consultations/${id}`);
      await live(page);
    }
    expect(sockets).toHaveLength(1);
  });
});

describe("without scripts", () => {
  it("B1 the form signs in, sends, and shows the message; a refusal is said in words", async () => {
    const { page } = await visit(null, { javaScriptEnabled: false });
    await page.goto(`${app.baseUrl}/sign-in`);
    await page.getByRole("button", { name: /Anna/ }).click();
    await page.getByRole("link", { name: /Persistent cough/ }).click();
    await page.getByRole("textbox").fill("sent without a script");
    await page.getByRole("button", { name: /send/i }).click();
    await page.getByRole("log").getByText("sent without a script").waitFor();
    expect(await db().message.count({ where: { content: "sent without a script" } })).toBe(1);

    await page.getByRole("textbox").fill("\u200b");
    await page.getByRole("button", { name: /send/i }).click();
    await page.getByRole("alert").first().waitFor();
    expect(await db().message.count({ where: { content: "\u200b" } })).toBe(0);
  });
});
