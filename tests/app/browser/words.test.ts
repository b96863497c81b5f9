import { expect, it } from "vitest";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { useBrowser, write } from "@/tests/support/browser";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

it("R7 W8 W9 links open what they show, a quote ends between characters, what cannot be seen is not sent", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const words = [
    "„https://a.example/it's“, https://b.example\\@evil.example, https://аррӏе.com/x。",
    "\u202ewww.c.example und info@praxis.example\u202c",
    "Tel. +49 (0)30 1234567, Notruf 112, Puls 112, 5-10 mg am 12.03.2026",
  ];
  await sendMessage(practitioner, messageOf(consultationId, words.join("\n")));
  const families = "👨‍👩‍👧‍👦".repeat(150);
  const quoted = messageOf(consultationId, families);
  await sendMessage(practitioner, quoted);
  await sendMessage(patient, { ...messageOf(consultationId, "so many"), replyToId: quoted.id });
  const { page, context } = await join(patient, consultationId);

  const log = page.getByRole("log");
  const links = await log.locator("article a[href]").evaluateAll((all) =>
    all.map((link) => {
      const { direction, unicodeBidi } = getComputedStyle(link);
      return [link.textContent, link.getAttribute("href"), link.getAttribute("target"), `${direction} ${unicodeBidi}`];
    }),
  );
  const own = "ltr isolate";
  expect(links).toEqual([
    ["https://a.example/it's", "https://a.example/it's", "_blank", own],
    ["https://xn--80ak6aa92e.com/x", "https://xn--80ak6aa92e.com/x", "_blank", own],
    ["www.c.example", "https://www.c.example/", "_blank", own],
    ["info@praxis.example", "mailto:info@praxis.example", null, own],
    ["+49 (0)30 1234567", "tel:+49301234567", null, own],
    ["112", "tel:112", null, own],
  ]);
  await context.route("https://a.example/**", (route) => route.fulfill({ body: "opened" }));
  const [opened] = await Promise.all([context.waitForEvent("page"), log.getByRole("link", { name: "it's" }).click()]);
  await opened.waitForURL("https://a.example/it's");
  await opened.close();

  await expect.poll(() => log.getByText("👨‍👩‍👧‍👦".repeat(140), { exact: true }).count()).toBe(1);
  await write(page, "5\u000710 mg");
  await log.locator("article").getByText("5 10 mg").waitFor();
});
