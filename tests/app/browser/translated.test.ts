import type { Locator, Page } from "playwright-core";
import { expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { translate, translateAlways } from "@/tests/support/translator";
import { createConsultation, createPerson, messageOf, type Person } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);
/** A poll's own patience is a second, which a busy machine does not always have. */
const SOON = { timeout: 10_000 };
/** List, room and people beside each other, and all of a short conversation. */
const LARGE = { viewport: { width: 1440, height: 1800 } };
const LINK = "https://murph.example/leaflet";

/** From when the page is alive, as translators do; at the next page again. */
async function translated(page: Page): Promise<void> {
  await live(page);
  await page.evaluate(`(() => { ${translate}; (${translateAlways})(); })()`);
}

const messageWith = (page: Page, text: string) =>
  page
    .getByRole("log")
    .locator("article")
    .filter({ has: page.locator('[id$="-text"]').filter({ hasText: text }) });

async function choose(page: Page, message: Locator, action: string): Promise<void> {
  await message.hover();
  await message.getByRole("button", { name: "What can be done with this message" }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

async function edit(page: Page, old: string, content: string): Promise<void> {
  await choose(page, messageWith(page, old), "Edit");
  await expect.poll(() => page.getByRole("textbox").inputValue(), SOON).toContain(old);
  await write(page, content);
}

/** One line a message: its words, whether they were changed, who reacted how often, and how far it got. */
async function onScreen(page: Page): Promise<string[]> {
  const messages = page.getByRole("log").locator("article");
  return messages.evaluateAll((articles) =>
    articles.map((article) => {
      const part = (name: string) => article.querySelector(`[id$="-${name}"]`)?.textContent ?? "";
      const foot = part("foot");
      const chips = [...article.querySelectorAll("[aria-pressed]")].map((chip) => chip.textContent?.split(":")[0]);
      const state = /Waiting to be sent|Sending|Sent|Delivered|Read/.exec(foot)?.[0];
      return [part("text"), foot.includes("edited") ? "edited" : null, ...chips, state].filter(Boolean).join(" | ");
    }),
  );
}

/** The same as the database has it. */
async function inTheLog(consultationId: string, viewer: Person): Promise<string[]> {
  const messages = await db().message.findMany({
    where: { consultationId },
    orderBy: { seq: "asc" },
    include: { reactions: true },
  });
  const [other] = await db().participant.findMany({ where: { consultationId, userId: { not: viewer.userId } } });
  if (!other) throw new Error("There is nobody else");
  return messages.map(({ content, senderId, seq, editedAt, reactions }) => {
    if (content === null) return "This message was deleted";
    const chips = reactions.length > 0 ? [`${reactions[0]?.emoji} ${reactions.length}`] : [];
    const got = other.readUpToSeq >= seq ? "Read" : other.deliveredUpToSeq >= seq ? "Delivered" : "Sent";
    const state = senderId === viewer.userId ? got : null;
    return [content, editedAt ? "edited" : null, ...chips, state].filter(Boolean).join(" | ");
  });
}

it("W1 while a translator replaces every text, a conversation shows what its log says at every step", async () => {
  const [anna, weber] = [await createPerson("PATIENT", "Anna"), await createPerson("PRACTITIONER", "Dr. Weber")];
  const ben = await createPerson("PATIENT", "Ben");
  const room = await createConsultation([anna, weber]);
  const bens = await createConsultation([ben, weber]);
  const [annas, webers] = [await visit(anna, LARGE), await visit(weber, LARGE)];
  const pages = [annas.page, webers.page];
  const agree = async (people: readonly (readonly [Page, Person])[]) => {
    for (const [page, person] of people) {
      await expect.poll(async () => differences(await onScreen(page), await inTheLog(room, person)), SOON).toEqual([]);
    }
  };
  const both = () =>
    agree([
      [annas.page, anna],
      [webers.page, weber],
    ]);
  const row = (name: string) => webers.page.getByRole("navigation").getByRole("listitem").filter({ hasText: name });
  const says = (place: Locator, text: string | RegExp) =>
    expect.poll(async () => (await place.innerText()).replace(/\s+/g, " "), SOON).toMatch(text);

  // Somebody writes before the other has opened the room: sent, then delivered, then read.
  await annas.page.goto(`${app.baseUrl}/consultations/${room}`);
  await translated(annas.page);
  await write(annas.page, "Take 5 mg");
  await says(annas.page.getByRole("log"), "Sent");
  await agree([[annas.page, anna]]);
  await webers.page.goto(`${app.baseUrl}/consultations`);
  await translated(webers.page);
  await says(row("Anna"), /1 unread message/);
  await row("Anna").click();
  await messageWith(webers.page, "Take 5 mg").waitFor();
  await both();
  await says(annas.page.getByRole("log"), "Read");
  await says(row("Anna"), /^((?!unread).)*$/);

  await write(webers.page, `Who says so? See ${LINK} first`);
  await both();
  await edit(annas.page, "Take 5 mg", "Take 50 mg");
  await both();
  await edit(annas.page, "Take 50 mg", `Take 50 mg, see ${LINK} and ${LINK}/2 twice`);
  await both();
  await edit(annas.page, "Take 50 mg", "Take 500 mg, never mind");
  await both();
  await edit(webers.page, "Who says so?", "Who says so? I do");
  await both();

  await choose(webers.page, messageWith(webers.page, "500 mg"), "React");
  await webers.page.getByRole("button", { name: "Thank you" }).click();
  await both();
  await messageWith(annas.page, "500 mg").locator("[aria-pressed]").click();
  await both();
  await messageWith(webers.page, "500 mg").locator("[aria-pressed]").click();
  await both();

  await choose(webers.page, messageWith(webers.page, "500 mg"), "Reply");
  await write(webers.page, "Of what?");
  await both();
  await edit(annas.page, "Take 500 mg", "Take 5 g");
  for (const page of pages) await says(messageWith(page, "Of what?"), "Take 5 g");
  await both();

  await annas.page.getByRole("textbox").pressSequentially("Wait");
  await says(webers.page.locator("[data-typing]"), "Anna is writing");
  await write(annas.page, "Wait for it");
  await says(webers.page.locator("[data-typing]"), /^$/);
  await both();

  // Elsewhere somebody writes: a count, a preview and a notice in the corner.
  for (const [index, words] of ["One", "Two", "Three"].entries()) {
    await sendMessage(ben, messageOf(bens, words));
    await says(row("Ben"), new RegExp(`${words}.*\\b${index + 1} unread message`));
    await says(webers.page.getByRole("region", { name: /^Notices/ }), words);
  }
  await both();

  annas.provoked.push("net::");
  for (const words of ["Into the silence", "And again"]) {
    await annas.context.setOffline(true);
    await annas.page.getByText("You are offline.").waitFor();
    await write(annas.page, words);
    await says(messageWith(annas.page, words), "Waiting to be sent");
    await annas.context.setOffline(false);
    await annas.page.getByText("You are offline.").waitFor({ state: "detached" });
    await both();
  }

  await annas.page.getByRole("button", { name: "People in this consultation" }).click();
  const people = annas.page.getByRole("region", { name: "People" });
  await says(people, /Dr\. Weber.*In this conversation now/);
  await choose(webers.page, messageWith(webers.page, "Who says so?"), "Delete");
  await webers.page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await both();
  await webers.page.getByRole("link", { name: "Ben" }).click();
  await messageWith(webers.page, "Three").waitFor();
  await says(people, /Dr\. Weber.*Online/);
  await write(annas.page, "Are you there?");
  await says(row("Anna"), /Are you there\?.*1 unread message/);
  await agree([[annas.page, anna]]);
  await row("Anna").click();
  await messageWith(webers.page, "Are you there?").waitFor();
  await both();
  await says(people, /Dr\. Weber.*In this conversation now/);
  for (const page of pages) expect(await page.locator("font").count()).toBeGreaterThan(50);
});

function differences(screen: readonly string[], log: readonly string[]): string[] {
  const lines = Array.from({ length: Math.max(screen.length, log.length) }, (_, at) => [screen[at], log[at]]);
  return lines.filter(([shown, meant]) => shown !== meant).map(([shown, meant]) => `"${shown}" is "${meant}"`);
}

it("W1 a page that is translated before its scripts have started works all the same", async () => {
  const [anna, weber] = [await createPerson("PATIENT", "Anna"), await createPerson("PRACTITIONER", "Dr. Weber")];
  const room = await createConsultation([anna, weber]);
  await sendMessage(weber, messageOf(room, `Take 5 mg, see ${LINK} first`));
  const { page, provoked } = await visit(anna, LARGE);
  // React says that it draws the page anew.
  provoked.push("Error: Minified React error #418");
  const start = "document.addEventListener('DOMContentLoaded', translateAlways)";
  await page.addInitScript(`(() => { ${translate}; ${translateAlways}; ${start}; })()`);
  await page.goto(`${app.baseUrl}/consultations/${room}`);
  await live(page);
  await write(page, "Thank you");
  const log = () => onScreen(page);
  await expect
    .poll(log, SOON)
    .toEqual([`Take 5 mg, see ${LINK} first`, expect.stringMatching(/^Thank you \| (Sent|Del)/)]);
});
