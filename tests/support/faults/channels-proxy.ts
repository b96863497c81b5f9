import { createServer } from "node:http";
import type { Socket } from "node:net";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { type FrameCounts, FrameLane, type FrameRule, seenFrame } from "./frame-rules";
import { type ForwardedAnswer, forward } from "./http-forward";
import { type HttpRule, HttpRules, type SeenRequest } from "./http-rules";
import { listenAnywhere } from "./listen";
import { reset, SocketSet } from "./socket-set";

/** A call that publishes, as the provider's REST API got it. */
export interface SeenPublish {
  readonly events: readonly { readonly name: string; readonly channel: string; readonly data: string }[];
}

export interface PublishHooks {
  /** Which publishes are meant; all where it is missing. */
  readonly match?: (publish: SeenPublish) => boolean;
  /** The call has come and nobody has seen it yet. */
  before?(publish: SeenPublish): Promise<void> | void;
  /** The server has done it; the publisher does not know yet. */
  after?(publish: SeenPublish, answer: ForwardedAnswer): Promise<void> | void;
}

export interface ChannelsProxy {
  readonly port: number;
  /** What happened to frames so far. */
  readonly counts: Readonly<FrameCounts>;
  /** Browsers connected through us, dead ones included. */
  connections(): number;
  /** Applies the rule to frames from now on; what it keeps is let go when the returned function is called. */
  frames(rule: FrameRule): () => void;
  /**
   * Sockets fall silent both ways without ending, and new ones get no answer. When the returned function is called,
   * new sockets work again and those that fell silent stay dead, as behind a router that forgot them.
   */
  blackHole(): () => void;
  /** New sockets are reset at once; with a code they are accepted and closed with it, as Pusher refuses. */
  refuse(code?: number): () => void;
  /** The server says goodbye to every socket with this code. */
  closeSockets(code: number, reason?: string): void;
  /** Every socket is reset. */
  cut(): void;
  /** Applies to the REST API, `/apps/...`. */
  rest(rule: HttpRule): () => void;
  onPublish(hooks: PublishHooks): () => void;
  close(): Promise<void>;
}

interface Pair {
  browser: WebSocket;
  server: WebSocket;
  lanes: FrameLane[];
  dead: boolean;
  kill(): void;
}

/** Whether a publish carries the log, as opposed to courtesies on people's own channels. */
export function carriesMessages({ events }: SeenPublish): boolean {
  return events.some(({ name }) => name === "new-message");
}

/** Stands in front of a Channels server and knows the frames of its sockets and the calls of its REST API. */
export async function startChannelsProxy(options: { port: number; seed?: number }): Promise<ChannelsProxy> {
  const target = { host: "127.0.0.1", port: options.port };
  const random = new SeededRandom(options.seed ?? 1);
  const counts: FrameCounts = { passed: 0, dropped: 0, doubled: 0, delayed: 0, shuffled: 0 };
  const frameRules = new Set<FrameRule>();
  const restRules = new HttpRules(random);
  const hooks = new Set<PublishHooks>();
  const pairs = new Set<Pair>();
  const sockets = new SocketSet();
  let silent = false;
  let refusal: { code: number | null } | null = null;

  const http = createServer((request, response) => {
    void forward(request, response, {
      target,
      rules: restRules,
      before: (seen, body) => eachHook(seen, body, (hook, publish) => hook.before?.(publish)),
      after: (seen, body, answer) => eachHook(seen, body, (hook, publish) => hook.after?.(publish, answer)),
    });
  });
  http.on("clientError", () => undefined);
  http.on("connection", (socket: Socket) => sockets.add(socket));
  const doors = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
  http.on("upgrade", (request, socket: Socket, head: Buffer) => {
    // Taken from the server's own handling, it hangs until the browser gives up.
    if (silent) return;
    if (refusal?.code === null) return reset(socket);
    doors.handleUpgrade(request, socket, head, (browser) => {
      browser.on("error", () => undefined);
      if (refusal?.code) return refuseSocket(browser, refusal.code);
      join(browser, request.url ?? "/", socket);
    });
  });

  async function eachHook(
    { method, path }: SeenRequest,
    body: Buffer,
    call: (hook: PublishHooks, publish: SeenPublish) => Promise<void> | void,
  ): Promise<void> {
    if (hooks.size === 0 || method !== "POST" || !/\/(batch_)?events$/.test(path)) return;
    const publish = seenPublish(body);
    for (const hook of hooks) if (hook.match?.(publish) ?? true) await call(hook, publish);
  }

  function join(browser: WebSocket, path: string, socket: Socket): void {
    const server = new WebSocket(`ws://${target.host}:${target.port}${path}`, { perMessageDeflate: false });
    const down = new FrameLane(frameRules, random, counts, (text) => carryTo(browser, text));
    const up = new FrameLane(frameRules, random, counts, (text) => carryTo(server, text));
    const early: string[] = [];
    const pair: Pair = {
      browser,
      server,
      lanes: [down, up],
      dead: false,
      kill() {
        reset(socket);
        server.terminate();
      },
    };
    pairs.add(pair);
    const carryTo = (end: WebSocket, text: string) => {
      if (pair.dead) return;
      if (end === server && end.readyState === WebSocket.CONNECTING) early.push(text);
      else if (end.readyState === WebSocket.OPEN) end.send(text);
    };
    server.on("open", () => {
      for (const text of early.splice(0)) server.send(text);
    });
    server.on("message", (data: RawData) => down.carry(seenFrame("down", String(data))));
    browser.on("message", (data: RawData) => up.carry(seenFrame("up", String(data))));
    server.on("error", () => undefined);
    // A connection that fell silent ends on neither side because the other one did.
    server.on("close", (code: number, reason: Buffer) => {
      if (pair.dead) return;
      if (isSendable(code)) browser.close(code, reason);
      else reset(socket);
    });
    browser.on("close", (code: number, reason: Buffer) => {
      pairs.delete(pair);
      for (const lane of pair.lanes) lane.close();
      if (pair.dead || !isSendable(code)) server.terminate();
      else server.close(code, reason);
    });
  }

  const port = await listenAnywhere(http);
  return {
    port,
    counts,
    connections: () => pairs.size,
    frames(rule) {
      frameRules.add(rule);
      return () => {
        frameRules.delete(rule);
        for (const { lanes } of pairs) for (const lane of lanes) lane.flush();
      };
    },
    blackHole() {
      silent = true;
      for (const pair of pairs) pair.dead = true;
      return () => {
        silent = false;
      };
    },
    refuse(code) {
      const mine = { code: code ?? null };
      refusal = mine;
      return () => {
        if (refusal === mine) refusal = null;
      };
    },
    closeSockets(code, reason = "") {
      for (const { browser } of pairs) refuseSocket(browser, code, reason);
    },
    cut() {
      for (const pair of pairs) pair.kill();
    },
    rest: (rule) => restRules.add(rule),
    onPublish(hook) {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    async close() {
      restRules.clear();
      for (const pair of [...pairs]) pair.kill();
      sockets.cut();
      doors.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** As the provider does it: the reason as an event, then the close frame. */
function refuseSocket(browser: WebSocket, code: number, message = ""): void {
  if (browser.readyState !== WebSocket.OPEN) return;
  browser.send(JSON.stringify({ event: "pusher:error", data: { code, message } }));
  browser.close(code, message);
}

/** 1005 and 1006 stand for "no code" and may not be sent. */
function isSendable(code: number): boolean {
  return code === 1000 || (code >= 3000 && code <= 4999);
}

function seenPublish(body: Buffer): SeenPublish {
  const parsed = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  const batch = (parsed.batch ?? [parsed]) as { name: string; channel?: string; channels?: string[]; data: string }[];
  return {
    events: batch.flatMap(({ name, channel, channels, data }) =>
      (channels ?? [channel ?? ""]).map((to) => ({ name, channel: to, data })),
    ),
  };
}
