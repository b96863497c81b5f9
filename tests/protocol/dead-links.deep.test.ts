// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { liveTab } from "./live-tab";
import { until } from "./until";

describe("CON4 a dead link", { timeout: 40_000 }, () => {
  test("CON4 F7 a black hole is noticed within 20 s, sends go on, and all is live again soon after it", async () => {
    const { proxy, status, engine, texts, say } = await liveTab();
    const began = performance.now();
    const open = proxy.blackHole();
    const sent = await engine.send("over HTTPS");
    expect(sent.ok).toBe(true);
    const delivered = () => engine.getSnapshot().items.find(({ key }) => sent.ok && key === sent.id)?.delivery;
    await until("the answer to the send", () => delivered() === "sent", 3_000);
    say("not pushed");
    await until("that it is noticed", () => status() !== "live", 20_000);
    console.info(`CON4 noticed after ${Math.round(performance.now() - began)} ms`);
    await until("the message by polling", () => texts().includes("not pushed"), 6_500);
    const ended = performance.now();
    open();
    await until("live again", () => status() === "live", 6_000);
    console.info(`CON4 live again after ${Math.round(performance.now() - ended)} ms`);
    expect(texts()).toEqual(["over HTTPS", "not pushed"]);
  });
});
