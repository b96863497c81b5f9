import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { PusherConfig } from "@/lib/protocol/pusher-config";
import { pusherOptions, refusalOf } from "@/lib/pusher/client";

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

  it("SND5 F26 every authorisation says whose it is: a cookie of somebody else who signed in beside us refuses it", async () => {
    const asked = answerEverything(() => Response.json({ auth: "k:signature", user_data: "{}" }));
    await authorised();
    expect(asked.map(({ headers }) => headers.get("x-murph-user"))).toEqual(["me", "me"]);
    expect(await Promise.all(asked.map((request) => request.text()))).toEqual([
      "socket_id=1.2&channel_name=private-user-me",
      "socket_id=1.2",
    ]);
  });

  it.each([
    ["a gateway's 403", () => new Response("<h1>Forbidden</h1>", { status: 403 }), null],
    ["a gateway's 401 in JSON", () => Response.json({ error: "sign in" }, { status: 401 }), null],
    ["a portal's page", () => new Response("<h1>Welcome</h1>", { headers: { "content-type": "text/html" } }), null],
    ["a portal's JSON", () => Response.json({ ok: true }), null],
    ["nothing", () => new Response(null, { status: 204 }), null],
    ["our error under another status", () => refusal("channel-not-allowed", 404), null],
    ["our refusal", () => refusal("channel-not-allowed", 403), 403],
    ["our sign-in", () => refusal("session-ended", 401), 401],
  ])("W5 CON3 %s: refused is only what our server refuses", async (_, answer, status) => {
    answerEverything(answer);
    const outcomes = await authorised();
    expect(outcomes.map(({ error, data }) => [refusalOf(error ? { error: error.message } : undefined), data])).toEqual([
      [status, null],
      [status, null],
    ]);
  });
});

function refusal(code: string, status: number): Response {
  return Response.json({ error: { code, message: "No.", details: {} } }, { status });
}

function answerEverything(answer: () => Response): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push(new Request(url, init));
    return answer();
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return asked;
}

/** What pusher-js hears: of a channel, and of signing in. */
async function authorised(): Promise<{ error: Error | null; data: unknown }[]> {
  const { channelAuthorization, userAuthentication } = pusherOptions(BUILT_IN, page("http:", "3000"), "me");
  if (!channelAuthorization || !("customHandler" in channelAuthorization)) throw new Error("Not our own");
  if (!userAuthentication || !("customHandler" in userAuthentication)) throw new Error("Not our own");
  const ask = channelAuthorization.customHandler;
  const signIn = userAuthentication.customHandler;
  return [
    await new Promise((resolve) =>
      ask({ socketId: "1.2", channelName: "private-user-me" }, (error, data) => resolve({ error, data })),
    ),
    await new Promise((resolve) => signIn({ socketId: "1.2" }, (error, data) => resolve({ error, data }))),
  ];
}
