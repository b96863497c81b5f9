import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { createUser } from "@/lib/server/accounts/create-user";
import { requestPasswordReset } from "@/lib/server/accounts/forgotten-password";
import { db } from "@/lib/server/db";
import { readSimulatedMail } from "@/lib/server/mail/read-simulated-mail";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, type Visitor, write } from "@/tests/support/browser";
import { LOOKS } from "@/tests/support/look-at-screens";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
const OLD = "correct horse battery";
const NEW = "another good password";
const SOON = { timeout: 20_000 };

async function account() {
  const email = `${randomUUID()}@murph.example`;
  await createUser({ email, name: "Clara Neu", role: "PATIENT", password: OLD });
  return email;
}

async function signIn({ page }: Visitor, email: string, password: string): Promise<void> {
  await page.goto(`${app.baseUrl}/sign-in`);
  await page.locator('input[type="email"]').fill(email);
  await page.locator('input[type="password"]').fill(password);
  await page.locator('form:has(input[type="password"]:not([value])) button[type="submit"]').last().click();
  await page.waitForURL("**/consultations");
  await live(page);
}

/** No violation, and nothing that scrolls sideways. */
async function expectClean(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

async function linkTo(email: string): Promise<string> {
  const mails = async () => (await readSimulatedMail(200)).filter(({ to }) => to === email);
  await expect.poll(async () => (await mails()).length, SOON).toBe(1);
  return /\/reset\/\S+/.exec((await mails())[0]?.text ?? "")?.[0] ?? "";
}

const WORDS = {
  "a phone, dark, German": ["Passwort vergessen?", "Hier ist keine E-Mail eingerichtet", "Neues Passwort wählen"],
  "a tablet, light, German": ["Passwort vergessen?", "Hier ist keine E-Mail eingerichtet", "Neues Passwort wählen"],
  "a desktop, light, English": ["Forgot your password?", "No e-mail is set up here", "Choose a new password"],
} as const;

it.each(Object.entries(WORDS))(
  "S3 a forgotten password is chosen anew by keyboard alone on %s; the other device is signed out",
  async (name, [forgot, sent, title]) => {
    const email = await account();
    const other = await visit(null);
    await signIn(other, email, OLD);
    const { page } = await visit(null, LOOKS[name as keyof typeof LOOKS]);
    await page.goto(`${app.baseUrl}/sign-in`);
    await page.getByRole("link", { name: forgot }).press("Enter");
    await page.getByRole("heading", { level: 1, name: forgot }).waitFor();
    await page.locator('input[name="email"]').fill("nobody");
    await page.locator('input[name="email"]').evaluate((field: HTMLInputElement) => {
      field.form?.setAttribute("novalidate", "");
    });
    await page.keyboard.press("Enter");
    await page.locator("input[aria-invalid='true']:focus").waitFor();
    await expectClean(page);
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(email);
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText(sent).waitFor();
    await expectClean(page);

    await page.goto(app.baseUrl + (await linkTo(email)));
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await expectClean(page);
    await page.locator('input[name="password"]').focus();
    await page.keyboard.type(NEW);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/consultations");
    await live(page);
    other.provoked.push("401");
    await other.page.goto(`${app.baseUrl}/settings`);
    await other.page.waitForURL("**/sign-in?**");
  },
);

it("S3 ATK73 a room that is open elsewhere says at once that its session has ended", async () => {
  const { patient, consultationId } = await createWorld();
  const { email } = await db().user.findUniqueOrThrow({ where: { id: patient.userId } });
  const { page, provoked } = await join(patient, consultationId);
  provoked.push("401");
  await (await requestPasswordReset(email, randomUUID(), "en")).looked;
  const here = await visit(null);
  await here.page.goto(app.baseUrl + (await linkTo(email)));
  await here.page.locator('input[name="password"]').fill(NEW);
  await here.page.locator('input[name="password"]').press("Enter");
  await here.page.waitForURL("**/consultations");
  await page.getByText("Your session has ended").first().waitFor({ timeout: 5_000 });
});

it("S3 SND5 before a link signs somebody in it says whose place they take, and that what is unsent here would be deleted", async () => {
  const { patient, consultationId } = await createWorld();
  const email = await account();
  await (await requestPasswordReset(email, randomUUID(), "en")).looked;
  const { page, context, provoked } = await join(patient, consultationId);
  provoked.push("net::");
  await context.route("**/api/nachrichten", (route) => route.abort());
  await write(page, "not sent yet");
  await page.getByText(/Still sending/).waitFor();
  await page.goto(app.baseUrl + (await linkTo(email)));
  await page.getByText(/You are signed in here as Anna/).waitFor();
  await page.getByText("Unsent text on this device").waitFor();
  await expectClean(page);
});

it("S3 the settings change the password and end other devices, and say what they did", async () => {
  const email = await account();
  const visitors = [
    await visit(null, LOOKS["a desktop, light, English"]),
    await visit(null),
    await visit(null),
  ] as const;
  for (const visitor of visitors) await signIn(visitor, email, OLD);
  const [{ page }, ...others] = visitors;
  await page.goto(`${app.baseUrl}/settings`);
  const devices = page.getByRole("region", { name: "Signed-in devices" });
  await devices.getByText("This device").waitFor();
  expect(await devices.getByRole("listitem").count()).toBe(3);
  await expectClean(page);
  await devices
    .getByRole("button", { name: /^Sign out: Chrome on/ })
    .first()
    .press("Enter");
  await devices.getByRole("status").getByText("Signed out.").waitFor();
  await expect.poll(() => devices.getByRole("listitem").count()).toBe(2);
  await expectClean(page);

  const password = page.getByRole("region", { name: "Password", exact: true });
  await password.getByLabel("Present password").fill("wrong");
  await password.getByLabel("New password").fill(NEW);
  await password.getByRole("button", { name: "Change the password" }).click();
  await password.getByText("That is not your present password").waitFor();
  expect(await password.getByLabel("Present password").evaluate((field) => field === document.activeElement)).toBe(
    true,
  );
  await password.getByLabel("Present password").fill(OLD);
  await password.getByLabel("New password").fill(NEW);
  await password.getByLabel("New password").press("Enter");
  await password.getByRole("status").getByText("Your password was changed").waitFor();
  expect(await password.getByLabel("New password").inputValue()).toBe("");
  await expect.poll(() => devices.getByRole("listitem").count()).toBe(1);
  await expectClean(page);
  for (const other of others) {
    other.provoked.push("401");
    await other.page.goto(`${app.baseUrl}/settings`);
    await other.page.waitForURL("**/sign-in?**");
  }
  await page.goto(`${app.baseUrl}/consultations`);
  await live(page);
});
