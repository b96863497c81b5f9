import type { Page } from "playwright-core";
import { v7 } from "uuid";
import { expect, it } from "vitest";
import { violations } from "@/tests/support/accessibility";
import { clientOf, useApp } from "@/tests/support/app-world";
import { crash, live, useBrowser } from "@/tests/support/browser";
import { createConsultation, createPerson, messageOf, type Person } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);

const SOON = { timeout: 15_000 };

type Look = "focused" | "visible" | "hidden";

/** The pages of a test are all visible and focused; these are what `look` says. What the browser is asked to show is kept. */
function watchable(): void {
  const state: { look: Look } = { look: "focused" };
  const notices: { title: string; body: string | undefined; open: boolean; click(): void }[] = [];
  document.hasFocus = () => state.look === "focused";
  Object.defineProperty(document, "visibilityState", {
    get: () => (state.look === "hidden" ? "hidden" : "visible"),
  });
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title: string, options?: NotificationOptions) {
      super(title, options);
      const notice = { title, body: options?.body, open: true, click: () => this.onclick?.(new Event("click")) };
      this.close = () => {
        notice.open = false;
        super.close();
      };
      notices.push(notice);
    }
  };
  Object.assign(window, {
    notices,
    turn(look: Look) {
      state.look = look;
      document.dispatchEvent(new Event("visibilitychange"));
      window.dispatchEvent(new Event(look === "focused" ? "focus" : "blur"));
    },
  });
}

const turn = (page: Page, look: Look) => page.evaluate((to) => Reflect.get(window, "turn")(to), look);
const notices = (page: Page): Promise<{ title: string; body: string; open: boolean }[]> =>
  page.evaluate(() => Reflect.get(window, "notices").map(({ click, ...notice }: { click: unknown }) => notice));
const toasts = (page: Page) => page.getByRole("region", { name: /^Notices/ }).getByRole("listitem");
/** Nowhere on the page; what is being spoken ends within a second. */
const gone = (page: Page, words: string) =>
  expect.poll(async () => (await page.content()).includes(words), SOON).toBe(false);
const titleOf = (page: Page) => expect.poll(() => page.title(), SOON);

async function say(person: Person, consultationId: string, content: string): Promise<string> {
  const id = v7();
  const answer = await (await clientOf(app, person)).post("/api/nachrichten", {
    json: messageOf(consultationId, content, id),
  });
  expect(answer.status).toBe(201);
  return id;
}

async function practice(wishes: object = {}) {
  const weber = await createPerson("PRACTITIONER", "Dr. Weber");
  const [anna, ben] = [await createPerson("PATIENT", "Anna"), await createPerson("PATIENT", "Ben")];
  const [withAnna, withBen] = [await createConsultation([anna, weber]), await createConsultation([ben, weber])];
  const client = await clientOf(app, weber);
  expect((await client.request("PUT", "/api/preferences", { json: wishes })).status).toBe(200);
  const visitor = await visit(weber, { permissions: ["notifications"] });
  await visitor.context.addInitScript(watchable);
  const open = async (path: string, page?: Page): Promise<Page> => {
    const tab = page ?? (await visitor.context.newPage());
    await tab.goto(`${app.baseUrl}${path}`);
    await live(tab);
    return tab;
  };
  return { ...visitor, anna, ben, withAnna, withBen, open };
}

it("C6 C8 ATK104 somebody writes elsewhere: one toast among the tabs, right words or none, and it leads there", async () => {
  const { anna, ben, withAnna, withBen, page, open } = await practice();
  await open("/consultations", page);
  const beside = await open(`/consultations/${withBen}`);
  await turn(beside, "visible");

  const first = await say(anna, withAnna, "my knee hurts");
  await toasts(page).getByText("my knee hurts").waitFor();
  expect(await toasts(page).getByText("Anna", { exact: true }).count()).toBe(1);
  for (const tab of [page, beside]) await titleOf(tab).toMatch(/^\(1\) \D+$/);
  expect(await violations(page)).toEqual([]);
  const annas = await clientOf(app, anna);
  await annas.request("PATCH", `/api/nachrichten/${first}`, { json: { content: "my elbow hurts" } });
  await toasts(page).getByText("my elbow hurts").waitFor();
  await gone(page, "my knee hurts");
  await annas.request("DELETE", `/api/nachrichten/${first}`);
  await toasts(page).waitFor({ state: "detached" });
  await gone(page, "my elbow hurts");
  for (const tab of [page, beside]) await titleOf(tab).toMatch(/^\D+$/);

  // By keyboard alone.
  await say(anna, withAnna, "are you there?");
  await toasts(page).getByText("are you there?").waitFor();
  await page.keyboard.press("F8");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/consultations/${withAnna}`);
  await page.getByRole("log").getByText("are you there?").waitFor();
  await toasts(page).waitFor({ state: "detached" });

  // Looking at it, nothing calls; what comes from elsewhere does, and shows that the other would have by now.
  await say(anna, withAnna, "I see you read");
  await page.getByRole("log").getByText("I see you read").waitFor();
  await say(ben, withBen, "and me?");
  await toasts(page).getByText("and me?").waitFor();
  expect(await toasts(page).count()).toBe(1);
  expect(await toasts(beside).count()).toBe(0);
  await titleOf(page).toMatch(/^\(1\) \D+$/);

  // Looked at in the other tab, it is no news here any more.
  await turn(page, "visible");
  await turn(beside, "focused");
  await toasts(page).waitFor({ state: "detached" });
  for (const tab of [page, beside]) await titleOf(tab).toMatch(/^\D+$/);

  // A tab that comes later does not tell what others told, and of what is new all of them tell once.
  await say(anna, withAnna, "told before");
  await toasts(beside).getByText("told before").waitFor();
  const later = await open("/consultations");
  await say(anna, withAnna, "the newest");
  const told = async () => (await Promise.all([page, beside, later].map((tab) => toasts(tab).allInnerTexts()))).flat();
  await expect
    .poll(async () => (await told()).length === 1 && (await told()).join().includes("the newest"), SOON)
    .toBe(true);
});

it("C6 ATK86 somebody writes while nobody looks: the browser calls once, without words, and a click leads there", async () => {
  const { anna, withAnna, withBen, page, open } = await practice({ browserNotifications: true });
  await open("/consultations", page);
  const beside = await open(`/consultations/${withAnna}`);
  for (const tab of [page, beside]) await turn(tab, "hidden");
  const shown = async () => [...(await notices(page)), ...(await notices(beside))];

  await say(anna, withAnna, "my result, please");
  await expect.poll(shown, SOON).toEqual([{ title: "Murph", body: "New message", open: true }]);
  const second = await say(anna, withAnna, "and the prescription");
  await expect.poll(async () => (await shown()).filter(({ open }) => open), SOON).toHaveLength(1);
  await expect.poll(shown, SOON).toHaveLength(2);
  expect(JSON.stringify(await shown())).not.toMatch(/result|prescription|Anna/);
  await (await clientOf(app, anna)).request("DELETE", `/api/nachrichten/${second}`);
  await expect.poll(async () => (await shown()).filter(({ open }) => open), SOON).toEqual([]);
  for (const tab of [page, beside]) {
    expect(await toasts(tab).count()).toBe(0);
    await titleOf(tab).toMatch(/^\(1\) \D+$/);
  }

  // The tab that showed the conversation dies; what it held does not keep anybody from being called.
  await turn(beside, "focused");
  await titleOf(page).toMatch(/^\D+$/);
  await crash(beside);
  const before = (await notices(page)).length;
  await expect
    .poll(() => page.evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name)), SOON)
    .not.toContainEqual(expect.stringContaining(`looking`));
  await say(anna, withAnna, "hello?");
  await expect.poll(async () => (await notices(page)).length, SOON).toBe(before + 1);
  await page.evaluate(() => Reflect.get(window, "notices").at(-1).click());
  await turn(page, "focused");
  await page.waitForURL(`**/consultations/${withAnna}`);
  await page.getByRole("log").getByText("hello?").waitFor();
  await titleOf(page).toMatch(/^\D+$/);
  expect((await notices(page)).every(({ open }) => !open)).toBe(true);
  expect(withBen).not.toBe(withAnna);
});
