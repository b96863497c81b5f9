import { describe, expect, it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { bubbles, sentOf, TALL, textsIn } from "@/tests/support/chat-page";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { join } = useBrowser(app);

describe("F18 two tabs of one person", () => {
  it("F18 SND2 share one queue: both show what each wrote offline, one of them sends it, in order and once", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId, TALL);
    provoked.push("net::");
    const beside = await context.newPage();
    await beside.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(beside);
    const posts: string[] = [];
    context.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/api/nachrichten"))
        posts.push(request.postData() ?? "");
    });

    await context.setOffline(true);
    const texts = Array.from(
      { length: 8 },
      (_, index) => `line ${index + 1}, from ${index % 2 ? "the second" : "the first"} tab`,
    );
    for (const [index, text] of texts.entries()) {
      await write(index % 2 ? beside : page, text);
      for (const tab of [page, beside]) await tab.getByRole("log").getByText(text).waitFor();
    }
    for (const tab of [page, beside]) await expect.poll(() => bubbles(tab)).toEqual(texts);

    await context.setOffline(false);
    await expect.poll(() => textsIn(consultationId), { timeout: 10_000 }).toEqual(texts);
    for (const tab of [page, beside]) {
      await expect.poll(() => sentOf(tab)).toBe(8);
      await expect.poll(() => bubbles(tab)).toEqual(texts);
    }
    expect(posts.map((body) => JSON.parse(body).content)).toEqual(texts);
  });

  it("F18 SND2 the one that is left sends what the other wrote before it was closed", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    const beside = await context.newPage();
    await beside.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(beside);
    await context.setOffline(true);
    await write(beside, "closed right after");
    await page.getByRole("log").getByText("closed right after").waitFor();
    await beside.close();
    await context.setOffline(false);
    await expect.poll(() => textsIn(consultationId), { timeout: 10_000 }).toEqual(["closed right after"]);
  });
});
