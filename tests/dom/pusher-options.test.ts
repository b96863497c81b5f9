import { describe, expect, it } from "vitest";
import type { PusherConfig } from "@/lib/protocol/pusher-config";
import { pusherOptions } from "@/lib/pusher/client";

const BUILT_IN: PusherConfig = {
  key: "k",
  cluster: null,
  wsHost: null,
  wsPort: null,
  forceTLS: false,
  encrypted: false,
};
const page = (protocol: string, port: string) => ({ protocol, hostname: "murph.example", port });

describe("pusherOptions", () => {
  it.each([
    ["http:", "3000", 3000, false],
    ["http:", "", 80, false],
    ["https:", "", 443, true],
    ["https:", "8443", 8443, true],
  ])("B3 the built-in server is where the page came from: %s port '%s'", (protocol, port, wsPort, forceTLS) => {
    expect(pusherOptions(BUILT_IN, page(protocol, port), "me")).toMatchObject({
      wsHost: "murph.example",
      wsPort,
      wssPort: wsPort,
      forceTLS,
    });
  });

  it("B3 another host is taken at its word, over WebSocket only and without statistics", () => {
    const hosted = { ...BUILT_IN, cluster: "eu", wsHost: "ws-eu.pusher.com", forceTLS: true };
    const options = pusherOptions(hosted, page("http:", "3000"), "me");
    expect(options).toMatchObject({ wsHost: "ws-eu.pusher.com", wsPort: 443, forceTLS: true, disableStats: true });
    expect(options.enabledTransports).toEqual(["ws", "wss"]);
  });

  it("CON4 a dead link is noticed within 20 s", () => {
    const { activityTimeout = 120_000, pongTimeout = 30_000 } = pusherOptions(BUILT_IN, page("http:", "3000"), "me");
    expect(activityTimeout + pongTimeout).toBeLessThan(20_000);
  });

  it("SND5 F26 every authorisation says whose it is: a cookie of somebody else who signed in beside us refuses it", () => {
    const { channelAuthorization, userAuthentication } = pusherOptions(BUILT_IN, page("http:", "3000"), "me");
    const headers = { "x-murph-user": "me" };
    expect([channelAuthorization, userAuthentication]).toMatchObject([{ headers }, { headers }]);
  });
});
