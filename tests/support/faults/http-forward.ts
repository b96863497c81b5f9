import { type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type HttpRule, type HttpRules, type SeenRequest, seenRequest } from "./http-rules";
import { reset } from "./socket-set";

export interface ForwardedAnswer {
  readonly status: number;
  readonly body: Buffer;
}

interface ForwardOptions {
  readonly target: { host: string; port: number };
  readonly rules: HttpRules;
  /** Called with the whole body before anything is forwarded. */
  readonly before?: (request: SeenRequest, body: Buffer) => Promise<void> | void;
  /** Called with the whole answer before any of it is passed on. */
  readonly after?: (request: SeenRequest, body: Buffer, answer: ForwardedAnswer) => Promise<void> | void;
}

/** Passes one request on and its answer back, by the rules. Whatever goes wrong behind us looks like a dead server. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  options: ForwardOptions,
): Promise<void> {
  const seen = seenRequest(request.method, request.url);
  const cut = () => reset(request.socket);
  const wasSwallowed = async () => {
    if (!options.rules.silence) return false;
    await options.rules.silence;
    cut();
    return true;
  };
  try {
    const rule = options.rules.silence ? null : options.rules.take(seen);
    const body = rule?.action === "cut-unread" ? Buffer.alloc(0) : await readAll(request);
    if (await wasSwallowed()) return;
    if (rule?.delayMs) await sleep(rule.delayMs);
    if (rule && !(await goesOn(rule, options.rules, request, response))) return;
    await options.before?.(seen, body);
    const answer = await ask(request, response, body, options.target);
    const content = await readAll(answer);
    await options.after?.(seen, body, { status: answer.statusCode ?? 0, body: content });
    if (rule?.action === "drop-answer") return cut();
    if (await wasSwallowed()) return;
    if (response.destroyed) return;
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders, content.length));
    if (rule?.action === "half-answer") {
      response.write(content.subarray(0, content.length / 2), cut);
      return;
    }
    response.end(request.method === "HEAD" ? undefined : content);
  } catch {
    cut();
  }
}

/** False where the rule has settled the request. */
async function goesOn(
  rule: HttpRule,
  rules: HttpRules,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { action } = rule;
  if (action === "forward" || action === "drop-answer" || action === "half-answer") return true;
  if (action === "cut" || action === "cut-unread") reset(request.socket);
  else if (action === "hang") {
    const forget = rules.whileInForce(rule, () => reset(request.socket));
    response.once("close", forget);
  } else {
    response.writeHead(action.status, { "Content-Type": "text/plain", ...action.headers }).end(action.body ?? "");
  }
  return false;
}

function ask(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  target: { host: string; port: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A connection of its own: one kept open that dies while a request starts would be a fault nobody ordered.
    const onward = openRequest({
      ...target,
      agent: false,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, connection: "close" },
    });
    onward.once("response", resolve);
    onward.once("error", reject);
    response.once("close", () => onward.destroy());
    onward.end(body);
  });
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);

function endToEnd(rawHeaders: readonly string[], length: number): string[] {
  const headers: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = [rawHeaders[index], rawHeaders[index + 1]];
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push(name, value);
  }
  return [...headers, "Content-Length", `${length}`];
}
