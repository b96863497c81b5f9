import type { BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { violations } from "@/tests/support/accessibility";
import type { useBrowser } from "@/tests/support/browser";
import type { AppAddress } from "@/tests/support/start-built-app";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

export const LOOKS = {
  "a phone, dark, German": { viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "de-DE" },
  "a tablet, light, German": { viewport: { width: 820, height: 1180 }, colorScheme: "light", locale: "de-DE" },
  "a desktop, light, English": { viewport: { width: 1440, height: 900 }, colorScheme: "light", locale: "en-GB" },
  "a desktop, dark, English": { viewport: { width: 1440, height: 900 }, colorScheme: "dark", locale: "en-GB" },
} as const satisfies Record<string, BrowserContextOptions>;

/** Sign-in, list, chat, read-only states and settings: no accessibility violation and no sideways scroll. */
export async function lookAtScreens(
  app: AppAddress,
  { visit, join }: ReturnType<typeof useBrowser>,
  name: keyof typeof LOOKS,
): Promise<void> {
  const look = LOOKS[name];
  const { page } = await visit(null, look);
  await page.goto(`${app.baseUrl}/sign-in`);
  const found: Record<string, string[]> = { "sign-in": await violations(page) };

  const { patient, practitioner, consultationId } = await createWorld();
  await sendMessage(practitioner, messageOf(consultationId, `A${"a".repeat(300)} ${"long words ".repeat(30)}`));
  await sendMessage(patient, messageOf(consultationId, "مرحبا بك"));
  const scheduled = await createWorld("SCHEDULED");
  const completed = await createWorld("COMPLETED");
  const cancelled = await createWorld("CANCELLED");
  const rooms = { chat: { patient, consultationId }, scheduled, completed, cancelled };
  for (const [name, room] of Object.entries(rooms)) {
    const { page } = await join(room.patient, room.consultationId, look);
    found[name] = await violations(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), name).toBeLessThanOrEqual(0);
    if (name !== "chat") continue;
    for (const path of ["/consultations", "/settings"]) {
      await page.goto(app.baseUrl + path);
      found[path] = await violations(page);
    }
  }
  const nobody = await visit(await createPerson("PATIENT"), look);
  await nobody.page.goto(`${app.baseUrl}/consultations`);
  found.empty = await violations(nobody.page);
  expect(Object.entries(found).flatMap(([name, list]) => list.map((one) => `${name}: ${one}`))).toEqual([]);
}
