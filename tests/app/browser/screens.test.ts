import { describe, expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { violations } from "@/tests/support/accessibility";
import { useApp } from "@/tests/support/app-world";
import { useBrowser } from "@/tests/support/browser";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);

const looks = [
  { viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "de-DE" },
  { viewport: { width: 820, height: 1180 }, colorScheme: "light", locale: "de-DE" },
  { viewport: { width: 1440, height: 900 }, colorScheme: "light", locale: "en-GB" },
  { viewport: { width: 1440, height: 900 }, colorScheme: "dark", locale: "en-GB" },
] as const;

describe.each(looks)("at $viewport.width, $colorScheme, $locale", (look) => {
  it("UI sign-in, list, chat, read-only states and settings have no accessibility violation and no sideways scroll", async () => {
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
  });
});
