import type { Locator } from "playwright-core";
import { v7 } from "uuid";
import { expect, it } from "vitest";
import { clientOf, useApp } from "@/tests/support/app-world";
import { useBrowser } from "@/tests/support/browser";
import { createConsultation, createPerson, messageOf } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);

/** All that can be seen of a box in forced colours: shadows are gone, and colours are the system's. */
function look(box: Locator): Promise<string> {
  return box.first().evaluate((element) =>
    [undefined, "::before", "::after"]
      .map((part) => {
        const style = getComputedStyle(element, part);
        const frame = [style.borderInlineStartWidth, style.borderBlockStartWidth, style.borderBlockStartStyle];
        const outline = style.outlineStyle === "none" ? "" : style.outlineWidth;
        const words = [style.fontWeight, style.textDecorationLine, style.color];
        return [style.content, style.backgroundColor, style.borderInlineStartColor, ...frame, outline, ...words].join();
      })
      .join("\n"),
  );
}

it("R4 in forced colours every state looks different from its opposite", async () => {
  const [patient, doctor] = [await createPerson("PATIENT", "Anna"), await createPerson("PRACTITIONER", "Dr. Weber")];
  const away = await createPerson("INTERPRETER", "Mina");
  const room = await createConsultation([patient, doctor, away]);
  await createConsultation([patient, doctor]);
  const [her, his] = [await clientOf(app, patient), await clientOf(app, doctor)];
  const [read, delivered, reply] = [v7(), v7(), v7()];
  await his.post("/api/nachrichten", { json: messageOf(room, "Read", read) });
  await her.post("/api/nachrichten", { json: messageOf(room, "Reply", reply) });
  const { event } = (await his.post("/api/nachrichten", { json: messageOf(room, "Delivered", delivered) })).body;
  const receipt = { readUpToSeq: event.seq - 1, deliveredUpToSeq: event.seq };
  await her.post(`/api/consultations/${room}/receipts`, { json: receipt });
  await his.request("PUT", `/api/nachrichten/${reply}/reactions/${encodeURIComponent("👍")}`);
  await her.request("PUT", `/api/nachrichten/${reply}/reactions/${encodeURIComponent("🙏")}`);

  const { page } = await join(doctor, room, { forcedColors: "active", viewport: { width: 1440, height: 900 } });
  const pairs: Record<string, [Locator, Locator]> = {};
  const found: string[] = [];
  const compare = async () => {
    for (const [name, [on, off]] of Object.entries(pairs)) {
      if ((await look(on)) === (await look(off))) found.push(name);
      delete pairs[name];
    }
  };
  const message = (id: string) => page.locator(`[id="message-${id}"]`);
  const bubble = (id: string) => message(id).locator(`div:has(> [id="message-${id}-text"])`);
  const mark = (id: string) => page.locator(`[id="message-${id}-foot"] span:has(> svg)`);
  const filter = page.locator("search fieldset");
  const rows = page.getByRole("navigation").getByRole("listitem").getByRole("link");

  pairs.filter = [filter.locator("label:has(:checked)"), filter.locator("label:not(:has(:checked))")];
  pairs.row = [rows.and(page.locator("[aria-current]")), rows.and(page.locator(":not([aria-current])"))];
  pairs["own message"] = [bubble(read), bubble(reply)];
  await mark(delivered).waitFor();
  pairs["read mark"] = [mark(read), mark(delivered)];
  pairs["my reaction"] = [
    message(reply).locator('li [aria-pressed="true"]'),
    message(reply).locator('li [aria-pressed="false"]'),
  ];
  await message(reply).focus();
  pairs["focused message"] = [message(reply), message(read)];
  await compare();

  await message(reply).hover();
  await message(reply).getByRole("button", { name: "React" }).click();
  const grid = page.getByRole("dialog", { name: "Choose a reaction" });
  pairs["emoji chosen"] = [
    grid.locator('[aria-pressed="true"]'),
    grid.locator('[aria-pressed="false"]:not([tabindex="0"])'),
  ];
  await compare();
  await page.keyboard.press("Escape");

  const people = page.getByRole("button", { name: "People in this consultation" });
  const closed = await look(people);
  await people.click();
  await page.mouse.move(0, 0);
  await people.blur();
  if ((await look(people)) === closed) found.push("people button");
  const dot = (name: string) =>
    page.getByRole("listitem").filter({ hasText: name }).locator("span.rounded-full.size-2");
  pairs["online dot"] = [dot("Dr. Weber (you)"), dot("Mina")];
  await compare();

  const settings = await visit(doctor, { forcedColors: "active" });
  await settings.page.goto(`${app.baseUrl}/settings`);
  const switches = settings.page.getByRole("switch");
  const pressed = (value: boolean) => settings.page.locator(`button[aria-pressed="${value}"]`);
  pairs.switch = [
    switches.and(settings.page.locator(":checked")),
    switches.and(settings.page.locator(":not(:checked)")),
  ];
  pairs.language = [pressed(true), pressed(false)];
  await compare();
  expect(found).toEqual([]);
});
