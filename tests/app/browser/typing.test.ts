import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { crash, useBrowser } from "@/tests/support/browser";
import { createConsultation, createPerson } from "@/tests/support/world";

const app = useApp();
const { join, visit } = useBrowser(app);
const SOON = { timeout: 15_000 };

/** Client events as they leave a page, with the second in which they did. */
function typingFrames(page: Page): { event: string; at: number }[] {
  const frames: { event: string; at: number }[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const { event } = JSON.parse(String(payload));
      if (event.startsWith("client-")) frames.push({ event, at: performance.now() });
    }),
  );
  return frames;
}

it("B6 C3 the others see who writes, by name, until it is sent, left alone or the tab is killed", async () => {
  const [anna, weber, ibrahim] = [
    await createPerson("PATIENT", "Anna"),
    await createPerson("PRACTITIONER", "Dr. Weber"),
    await createPerson("INTERPRETER", "Ibrahim"),
  ];
  const consultationId = await createConsultation([anna, weber, ibrahim]);
  const annas = await visit(anna);
  const frames = typingFrames(annas.page);
  await annas.page.goto(`${app.baseUrl}/consultations/${consultationId}`);
  const [webers, ibrahims] = [await join(weber, consultationId), await join(ibrahim, consultationId)];
  const line = (page: Page) => page.locator("[data-typing]");
  const says = (page: Page, text: string) => expect.poll(() => line(page).innerText(), SOON).toBe(text);

  await annas.page.getByRole("textbox").pressSequentially("I cough for a week now", { delay: 60 });
  await says(webers.page, "Anna is writing …");
  expect(await line(annas.page).innerText()).toBe("");
  await ibrahims.page.getByRole("textbox").pressSequentially("one moment");
  await says(webers.page, "Anna and Ibrahim are writing …");
  await annas.page.getByRole("textbox").press("Enter");
  await says(webers.page, "Ibrahim is writing …");
  await webers.page.getByRole("log").getByText("for a week now").waitFor();

  const starts = frames.filter(({ event }) => event === "client-typing-start").map(({ at }) => at);
  const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
  expect(starts.length).toBeGreaterThan(0);
  expect(pauses.filter((ms) => ms < 900)).toEqual([]);

  await says(webers.page, "");
  await annas.page.getByRole("textbox").pressSequentially("and");
  await says(webers.page, "Anna is writing …");
  await crash(annas.page);
  await says(webers.page, "");
});
