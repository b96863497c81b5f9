import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { type ForwardedAnswer, forward } from "./http-forward";
import { type HttpRule, HttpRules, type SeenRequest } from "./http-rules";
import { listenAnywhere } from "./listen";
import { reset, SocketSet } from "./socket-set";

type AnswerHook = (request: SeenRequest, body: Buffer, answer: ForwardedAnswer) => Promise<void> | void;

export interface HttpProxy {
  readonly port: number;
  /** As browsers should name it: the app judges origins by the host that was asked for. */
  readonly baseUrl: string;
  /** Applies the rule to requests from now on, until the returned function is called. */
  rule(rule: HttpRule): () => void;
  /** Every connection, those that are open too, is reset, until the returned function is called. */
  refuse(): () => void;
  /** No request or answer comes through and nothing ends; what got stuck is reset when the returned function is called. */
  blackHole(): () => void;
  /** Resets every open connection. */
  cut(): void;
  /** Told of every answer of the app before it is passed on. */
  onAnswer(hook: AnswerHook): () => void;
  close(): Promise<void>;
}

/** Stands in front of one app process: delays, drops, hangs and fails its requests; sockets pass through untouched. */
export async function startHttpProxy(options: { port: number; seed?: number }): Promise<HttpProxy> {
  const target = { host: "127.0.0.1", port: options.port };
  let refusing = false;
  const rules = new HttpRules(new SeededRandom(options.seed ?? 1));
  const sockets = new SocketSet();
  const hooks = new Set<AnswerHook>();
  const server = createServer((request, response) => {
    void forward(request, response, {
      target,
      rules,
      async after(seen, body, answer) {
        for (const hook of hooks) await hook(seen, body, answer);
      },
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on("clientError", () => undefined);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    if (refusing) reset(socket);
  });
  server.on("upgrade", (request, socket: Socket, head: Buffer) => {
    const onward = connect(target);
    sockets.add(onward);
    const { method, url, rawHeaders } = request;
    const lines = rawHeaders.flatMap((name, index) => (index % 2 ? [] : [`${name}: ${rawHeaders[index + 1]}`]));
    onward.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
    socket.once("close", () => onward.destroy());
    onward.once("close", () => socket.destroy());
  });
  const port = await listenAnywhere(server);
  return {
    port,
    baseUrl: `http://127.0.0.1:${port}`,
    rule: (rule) => rules.add(rule),
    refuse() {
      refusing = true;
      sockets.cut();
      return () => {
        refusing = false;
      };
    },
    blackHole: () => rules.fallSilent(),
    cut: () => sockets.cut(),
    onAnswer(hook) {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    async close() {
      rules.clear();
      sockets.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
