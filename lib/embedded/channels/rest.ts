import type { IncomingMessage, ServerResponse } from "node:http";
import type { App } from "./app";
import { CLOSE } from "./close-codes";
import { parseTarget } from "./request-target";
import { checkRestSignature, decodePath } from "./rest-auth";
import { RestError } from "./rest-error";
import { triggerBatch, triggerEvent } from "./rest-events";
import { listChannels, listUsers, readChannel } from "./rest-queries";

interface Call {
  app: App;
  /** The variable part of the path. */
  target: string;
  query: URLSearchParams;
  body: Buffer;
}

interface Route {
  method: "GET" | "POST";
  path: RegExp;
  answer(call: Call): Record<string, unknown>;
}

const routes: readonly Route[] = [
  { method: "POST", path: /^\/events$/, answer: ({ app, query, body }) => triggerEvent(app, query, body) },
  { method: "POST", path: /^\/batch_events$/, answer: ({ app, body }) => triggerBatch(app, body) },
  { method: "GET", path: /^\/channels$/, answer: ({ app, query }) => listChannels(app, query) },
  { method: "GET", path: /^\/channels\/([^/]+)$/, answer: ({ app, target, query }) => readChannel(app, target, query) },
  { method: "GET", path: /^\/channels\/([^/]+)\/users$/, answer: ({ app, target }) => listUsers(app, target) },
  {
    method: "POST",
    path: /^\/users\/(.+)\/terminate_connections$/s,
    answer({ app, target }) {
      app.users.terminate(target, CLOSE.terminated);
      return {};
    },
  },
];

const forwardingHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

export interface RestOptions {
  /** A server that listens on loopback only answers no request that somebody else's door let in. */
  refuseForwarded: boolean;
  onProblem: (problem: string) => void;
}

/** Answers one HTTP request: liveness at `/`, the signed REST API under `/apps/{appId}`. */
export async function handleRequest(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  options: RestOptions,
): Promise<void> {
  try {
    const answer = await route(app, request, options);
    if (typeof answer === "string") respond(response, 200, "text/plain", answer);
    else respond(response, 200, "application/json", JSON.stringify(answer));
  } catch (error) {
    if (response.headersSent || response.destroyed) return;
    if (error instanceof RestError) {
      // The rest of an oversized body is not worth reading: the connection ends with the answer.
      if (!request.complete) response.setHeader("Connection", "close");
      return respond(response, error.status, "text/plain", `${error.message}\n`);
    }
    if (request.destroyed) return;
    options.onProblem(`REST: ${error instanceof Error ? error.name : "failed"}`);
    respond(response, 500, "text/plain", "Internal error\n");
  }
}

async function route(
  app: App,
  request: IncomingMessage,
  options: RestOptions,
): Promise<Record<string, unknown> | string> {
  const url = parseTarget(request.url);
  if (!url) throw new RestError(400, "Malformed URL");
  const { pathname, searchParams: query } = url;
  const method = request.method ?? "";
  if (pathname === "/" && (method === "GET" || method === "HEAD")) return "OK";

  const [, root, appId, ...rest] = pathname.split("/");
  if (root !== "apps" || !appId || rest.length === 0) throw new RestError(404, "Not found");
  if (options.refuseForwarded && forwardingHeaders.some((name) => request.headers[name] !== undefined)) {
    throw new RestError(403, "This API is not served through a proxy");
  }
  if (decodePath(appId) !== app.credentials.appId) throw new RestError(404, "Unknown app_id");

  const body = await readBody(request, app.limits.requestBodyBytes);
  checkRestSignature(app.credentials, { method, path: pathname, query, body });

  const path = decodePath(`/${rest.join("/")}`);
  const matching = routes.filter((candidate) => candidate.path.test(path));
  const found = matching.find((candidate) => candidate.method === method);
  if (!found) throw matching.length > 0 ? new RestError(405, "Method not allowed") : new RestError(404, "Not found");
  return found.answer({ app, target: found.path.exec(path)?.[1] ?? "", query, body });
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new RestError(413, `The body exceeds the allowed maximum (${limit} bytes)`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function respond(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    "Content-Type": `${contentType}; charset=utf-8`,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  response.end(body);
}
