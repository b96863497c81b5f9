// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { CONSULTATION_ID } from "@/tests/support/sim/server-model";
import { CHANNEL } from "@/tests/support/sim/sim-network";
import { liveTab, pass } from "./live-tab";
import { until } from "./until";

describe("CON3 frames that are lost while the socket lives", () => {
  test("CON3 F9 the word that a subscription succeeded is lost: it is made anew, although the server had it", async () => {
    const { proxy, status, origin } = await liveTab();
    const authorisations = () => origin.count(`POST /api/pusher/auth ${CHANNEL}`);
    const before = authorisations();
    const stop = proxy.frames({ match: ({ event }) => event === "pusher_internal:subscription_succeeded", drop: 1 });
    proxy.cut();
    await until("the authorisation", () => authorisations() === before + 1, 3_000);
    await until("not live", () => status() !== "live");
    await pass(500);
    stop();
    await until("live again", () => status() === "live", 8_000);
    expect(authorisations()).toBe(before + 2);
  });
});

describe("C1 channels that were left", () => {
  test("C1 one that was left before its subscription succeeded is not subscribed by the next connection", async () => {
    const { proxy, transport, status, origin } = await liveTab();
    const presence = `presence-consultation-${CONSULTATION_ID}`;
    const authorisations = () => origin.count(`POST /api/pusher/auth ${presence}`);
    const lossy = proxy.frames({ match: ({ event }) => event === "pusher_internal:subscription_succeeded", drop: 1 });
    const subscription = transport.subscribe(presence, {
      onSubscribed: () => undefined,
      onRefused: () => undefined,
      onLost: () => undefined,
      events: {},
    });
    await until("the authorisation", () => authorisations() === 1);
    subscription.close();
    await pass(1_200);
    lossy();
    proxy.closeSockets(4200);
    await until("the loss", () => status() !== "live");
    await until("live again", () => status() === "live");
    expect(authorisations()).toBe(1);
    expect(await origin.occupied()).toEqual([CHANNEL]);
  });
});

describe("CON4 a dead link", () => {
  test("CON4 F8 a socket that died while nobody looked is noticed within 5 s of coming back", async () => {
    const { proxy, status, signal, stateNames } = await liveTab();
    const open = proxy.blackHole();
    open();
    signal("visible");
    await until("the loss", () => stateNames().includes("lost"), 5_000);
    await until("live again", () => status() === "live");
  });
});
