// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { CONSULTATION_ID } from "@/tests/support/sim/server-model";
import { liveTab, pass } from "./live-tab";
import { until } from "./until";

describe("CON3 CON4 every family of close codes", () => {
  test.each([
    ["4200, come again", 4200],
    ["4201, no pong in time", 4201],
    ["1006, no word at all", null],
  ])("CON4 F10 after %s: dialled within 2 s, not in the same instant, once, and it stays", async (_name, code) => {
    const { proxy, states, stateNames, status, say, texts } = await liveTab();
    const began = performance.now();
    if (code === null) proxy.cut();
    else proxy.closeSockets(code);
    await until("the loss", () => states.length > 0);
    await until("live again", () => status() === "live");
    const dialledAfter = (states[1]?.at ?? 0) - began;
    expect(dialledAfter).toBeGreaterThan(350);
    expect(dialledAfter).toBeLessThan(1_900);
    // pusher-js sets two timers after a close; none of them may cut the connection that was made meanwhile.
    await pass(1_200);
    expect(stateNames()).toEqual(["lost", "connecting", "connected"]);
    say("pushed");
    await until("the push", () => texts().includes("pushed"), 1_000);
  });

  test.each([4000, 4004, 4009, 4301])("CON3 F10 %i is a refusal: not dialled again soon", async (code) => {
    const { proxy, states, stateNames } = await liveTab();
    proxy.closeSockets(code);
    await until("the refusal", () => states.length > 0);
    await pass(1_700);
    expect(stateNames()).toEqual(["refused"]);
    expect(proxy.connections()).toBe(0);
  });

  test("CON3 F10 after 4100 a second and more passes, and with room again it is live", async () => {
    const { proxy, states, stateNames, status } = await liveTab();
    const open = proxy.refuse(4100);
    proxy.closeSockets(4100);
    await until("the next attempt", () => states.length >= 3, 4_000);
    expect(stateNames().slice(0, 3)).toEqual(["overloaded", "connecting", "overloaded"]);
    expect((states[1]?.at ?? 0) - (states[0]?.at ?? 0)).toBeGreaterThan(990);
    open();
    await until("live again", () => status() === "live", 6_000);
  });

  test("CON3 F10 refused at the door it rests, and the next attempt reads the configuration again", async () => {
    const { proxy, origin, states, transport, status } = await liveTab();
    const configurations = origin.count("GET /api/pusher/config");
    const open = proxy.refuse(4004);
    proxy.cut();
    await until("the refusal", () => states.at(-1)?.state === "refused", 4_000);
    open();
    transport.connect();
    await until("live again", () => status() === "live");
    expect(origin.count("GET /api/pusher/config")).toBe(configurations + 1);
  });

  test("CON1 an error of the server without a close means nothing for the connection", async () => {
    const { proxy, stateNames, transport, say, texts } = await liveTab();
    const stop = proxy.frames({ match: ({ event }) => event === "pusher:subscribe", double: 1 });
    const errors: unknown[] = [];
    transport.subscribe(`presence-consultation-${CONSULTATION_ID}`, {
      onSubscribed: () => errors.push("subscribed"),
      onRefused: () => undefined,
      onLost: () => undefined,
      events: {},
    });
    await until("the subscription, asked for twice and once refused", () => errors.length > 0);
    stop();
    say("still here");
    await until("the push", () => texts().includes("still here"), 1_000);
    expect(stateNames()).toEqual([]);
  });
});
