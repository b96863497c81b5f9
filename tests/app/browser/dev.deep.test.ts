import { afterAll, beforeAll, expect, it } from "vitest";
import { live, useBrowser, write } from "@/tests/support/browser";
import { type BuiltApp, startDevApp } from "@/tests/support/start-built-app";

const app = {} as BuiltApp;
beforeAll(async () => {
  Object.assign(app, await startDevApp());
}, 600_000);
afterAll(() => app.stop());
const { visit } = useBrowser(app);

it("E4 T1 after a clone the dev server has two demo people who chat, once each, in strict mode too", async () => {
  const [anna, weber] = [(await visit(null)).page, (await visit(null)).page];
  for (const [page, name] of [
    [anna, /Anna/],
    [weber, /Weber/],
  ] as const) {
    await page.goto(`${app.baseUrl}/sign-in`);
    await page.getByRole("button", { name }).click();
    await page.waitForURL("**/consultations");
    await page.getByRole("link").filter({ hasText: "Persistent cough" }).click();
    await page.waitForURL("**/consultations/*");
    await live(page);
  }
  await write(anna, "Does the dev server work?");
  await weber.getByRole("log").getByText("Does the dev server work?").waitFor();
  await write(weber, "It does.");
  for (const page of [anna, weber]) {
    await page.getByRole("log").getByText("It does.").waitFor();
    for (const words of ["Does the dev server work?", "It does."]) {
      expect(await page.getByRole("log").getByText(words).count()).toBe(1);
    }
  }
}, 300_000);
