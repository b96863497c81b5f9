import "server-only";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import { AddressLimits } from "./address-limits";
import { clientAddress, stampPeer } from "./client-address";
import { API_HEADERS, describeFailure } from "./error-response";
import { isSecure, publicOrigin, requireOwnOrigin } from "./origin";
import { readPagePost } from "./page-post";
import { hasReachedOurs, withReach } from "./reach";
import { judgeTarget, type Place, placeOf } from "./request-target";

/** A request that has not said all of its headers, or of its body, is cut; so is an answer that nobody reads. */
const HEADERS_MS = 15_000;
const REQUEST_MS = 30_000;
const SILENCE_MS = 60_000;
/** From the end of our side of a socket to cutting the other. */
const CLOSE_GRACE_MS = 2_000;

/** What only Next itself may say to its own server: from outside it would change what is answered. */
const INTERNAL_HEADERS =
  /^(x-middleware-|x-invoke-|x-now-|x-matched-path$|x-nextjs-data$|x-prerender-revalidate|next-resume$)/;
/** Of the pages' router; an endpoint knows nothing of them. */
const ROUTER_HEADERS = /^(rsc$|next-router-|next-url$|next-action$)/;

/** On every answer that does not say otherwise. Pages bring a policy of their own; nothing else is a document. */
const EVERYWHERE = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};
const CLIENT_ERRORS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};
const HSTS = "max-age=31536000";

type Listener = (...args: unknown[]) => void;

/**
 * Everything that comes to the app's HTTP server passes here before Next sees it: what cannot be answered sensibly is
 * refused with a stated status, no connection lasts or weighs more than it may, every answer has the same headers. Next
 * starts that server itself, so it is recognised by its port when something first comes in.
 */
export function openFrontDoor(isApp: (server: Server) => boolean): () => void {
  const door = new FrontDoor();
  const seen = new WeakSet<Server>();
  const attach = (server: unknown) => {
    if (!(server instanceof Server) || seen.has(server) || !isApp(server)) return;
    seen.add(server);
    door.attach(server);
  };
  const onConnection = (message: unknown) => {
    const { socket } = message as { socket: Socket & { server?: Server } };
    if (!socket.server) return;
    attach(socket.server);
    if (seen.has(socket.server)) door.count(socket);
  };
  const onRequest = (message: unknown) => attach((message as { server: unknown }).server);
  subscribe("net.server.socket", onConnection);
  subscribe("http.server.request.start", onRequest);
  return () => {
    unsubscribe("net.server.socket", onConnection);
    unsubscribe("http.server.request.start", onRequest);
  };
}

/** Next tells its port in PORT, in dev and start. */
export function isAppServer(server: Server, port: string | undefined): boolean {
  const address = server.address();
  return typeof address === "object" && String(address?.port) === port;
}

class FrontDoor {
  readonly #limits = new AddressLimits();

  attach(server: Server): void {
    server.headersTimeout = HEADERS_MS;
    server.requestTimeout = REQUEST_MS;
    server.timeout = SILENCE_MS;
    // Node would answer by itself, with none of our headers (requireHost).
    Object.assign(server, { requireHostHeader: false });
    const serve = takeOver(server, "request");
    const upgrade = takeOver(server, "upgrade");
    server.on("request", (request, response) => void this.#onRequest(request, response, serve));
    server.on("upgrade", (request, stream, head) => {
      if (asksForSocket(request)) void this.#onUpgrade(request, stream, () => upgrade(request, stream, head));
      else this.#onOtherUpgrade(request, stream, serve);
    });
    server.on("checkExpectation", (_request, response) => {
      prepareAnswer(response, new Headers());
      response.writeHead(417).end();
    });
    server.on("clientError", onClientError);
    server.on("connect", (request, stream) => this.#answerUpgrade(request, stream, new AppError("method-not-allowed")));
  }

  count(socket: Socket): void {
    this.#limits.countConnection(socket);
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse, serve: Listener): Promise<void> {
    const headers = headersOf(request);
    try {
      prepareAnswer(response, headers);
      requireHost(request);
      publicOrigin(headers);
      this.#limits.requireRoom(request.socket);
      judgeTarget(request);
      if (request.url === "*") return void response.writeHead(204, { Allow: "GET, HEAD, OPTIONS" }).end();
      const place = placeOf(request.url ?? "");
      cleanHeaders(request, place);
      const passed = place === "page" && request.method === "POST" ? await this.#pagePost(request, headers) : request;
      withReach(() => {
        if (place === "page") guardAnswer(passed, response);
        serve(passed, response);
      });
    } catch (error) {
      refuse(request, response, headers, error);
    }
  }

  /** Server actions judge the origin themselves too; Next would answer 500 to a foreign one and let a missing one pass. */
  #pagePost(request: IncomingMessage, headers: Headers): Promise<IncomingMessage> {
    requireOwnOrigin(headers, true);
    return readPagePost(request);
  }

  async #onUpgrade(request: IncomingMessage, stream: Duplex, upgrade: () => void): Promise<void> {
    stream.on("error", () => undefined);
    try {
      stampPeer(request);
      const headers = headersOf(request);
      requireHost(request);
      publicOrigin(headers);
      judgeTarget(request);
      cleanHeaders(request, "page");
      if (!isOurSocket(request)) throw new AppError("not-found");
      await this.#limits.enterSocket(clientAddress(headers), stream);
      endAfterFinish(stream);
      prepareUpgrade(stream, fixedHeaders(headers));
      upgrade();
    } catch (error) {
      this.#answerUpgrade(request, stream, error);
    }
  }

  /** A client may offer another protocol (h2c) and does not mind being answered in this one. */
  #onOtherUpgrade(request: IncomingMessage, stream: Duplex, serve: Listener): void {
    stream.on("error", () => undefined);
    stampPeer(request);
    if (request.method === "GET" || request.method === "HEAD") {
      void this.#onRequest(request, responseOver(request, stream), serve);
    } else {
      this.#answerUpgrade(request, stream, new AppError("malformed-request", { details: { field: "upgrade" } }));
    }
  }

  #answerUpgrade(request: IncomingMessage, stream: Duplex, error: unknown): void {
    const response = responseOver(request, stream);
    const headers = headersOf(request);
    prepareAnswer(response, headers);
    refuse(request, response, headers, error);
  }
}

/** Node hands over a bare connection with an upgrade; this answers on it like on any other, once. */
function responseOver(request: IncomingMessage, stream: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(stream as Socket);
  response.shouldKeepAlive = false;
  response.once("finish", () => stream.end());
  endAfterFinish(stream);
  stream.resume();
  return response;
}

/** What Node itself cannot read is answered as Node does, with the headers of every answer. */
function onClientError(error: NodeJS.ErrnoException, stream: Duplex): void {
  const begun = (stream as Duplex & { _httpMessage?: ServerResponse })._httpMessage?.headersSent;
  if (stream.writable && !begun) {
    const status = CLIENT_ERRORS[error.code ?? ""] ?? "400 Bad Request";
    stream.write(`HTTP/1.1 ${status}\r\n${linesOf(EVERYWHERE)}Content-Length: 0\r\nConnection: close\r\n\r\n`);
  }
  stream.destroy();
}

/** A peer that does not end its side either would keep the connection for ever. */
function endAfterFinish(stream: Duplex): void {
  stream.once("finish", () => setTimeout(() => stream.destroy(), CLOSE_GRACE_MS).unref());
}

/** The listeners that were there, as one function to call instead of them. */
function takeOver(server: Server, event: "request" | "upgrade"): Listener {
  const listeners = server.listeners(event) as Listener[];
  server.removeAllListeners(event);
  return (...args) => {
    for (const listener of listeners) listener.apply(server, args);
  };
}

function headersOf({ headers }: IncomingMessage): Headers {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  );
  return new Headers(entries);
}

function cleanHeaders(request: IncomingMessage, place: Place): void {
  for (const name of Object.keys(request.headers)) {
    if (INTERNAL_HEADERS.test(name) || (place === "api" && ROUTER_HEADERS.test(name))) delete request.headers[name];
  }
}

function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** The built-in Channels server's, and the dev server's own. */
function isOurSocket({ url = "" }: IncomingMessage): boolean {
  const { env, channelsPort } = runtime();
  if (!env.production && url.startsWith("/_next/")) return true;
  return channelsPort !== null && /^\/app\/[^/?]+(\?|$)/.test(url);
}

/** HTTP/1.1 demands it, and Node sees to it only where it answers by itself. */
function requireHost({ headers, httpVersion }: IncomingMessage): void {
  if (headers.host === undefined && httpVersion === "1.1") {
    throw new AppError("malformed-request", { details: { field: "host" } });
  }
}

function fixedHeaders(headers: Headers): Record<string, string> {
  // Throws for a Host that cannot be one: then the refusal goes without it.
  return trySecure(headers) ? { ...EVERYWHERE, "Strict-Transport-Security": HSTS } : EVERYWHERE;
}

function linesOf(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}

/** The same where whoever takes the upgrade writes its answer as bytes: they begin with the head. */
function prepareUpgrade(stream: Duplex, fixed: Record<string, string>): void {
  const { write, end } = stream;
  const begin = (bytes: unknown): unknown => {
    Object.assign(stream, { write, end });
    const text = Buffer.isBuffer(bytes) ? bytes.toString("latin1") : bytes;
    if (typeof text !== "string" || !/^HTTP\/1\.1 \d{3}[^\r]*\r\n/.test(text)) return bytes;
    return Buffer.from(text.replace("\r\n", `\r\n${linesOf(fixed)}`), "latin1");
  };
  Object.assign(stream, {
    write: (bytes: unknown, ...rest: unknown[]) => Reflect.apply(write, stream, [begin(bytes), ...rest]),
    end: (...args: unknown[]) => Reflect.apply(end, stream, [begin(args[0]), ...args.slice(1)]),
  });
}

/** Sees to it that the answer, whoever writes it, has the headers that every answer has. */
function prepareAnswer(response: ServerResponse, headers: Headers): void {
  const fixed = fixedHeaders(headers);
  const { writeHead } = response;
  response.writeHead = (...args: unknown[]) => {
    for (const [name, value] of Object.entries(fixed)) {
      if (!response.hasHeader(name)) response.setHeader(name, value);
    }
    return Reflect.apply(writeHead, response, args);
  };
}

function trySecure(headers: Headers): boolean {
  try {
    return isSecure(headers);
  } catch {
    return false;
  }
}

/**
 * Next answers 500 where it cannot decode what it reads before any code of ours runs: a server action's arguments, its
 * router's headers. That is what the client sent, so it is told as such. So it is where Next hands an action on to the
 * page that it belongs to, in a request of its own: of a refusal of that one it makes a 200 with nothing in it.
 */
function guardAnswer(request: IncomingMessage, response: ServerResponse): void {
  const decodes = request.method === "POST" || Object.keys(request.headers).some((name) => ROUTER_HEADERS.test(name));
  if (!decodes) return;
  const { writeHead, write, end } = response;
  const reached = hasReachedOurs();
  /** True once the answer was replaced; whoever wrote the other one may go on doing so. */
  const replaced = (status: number): boolean => {
    if (response.headersSent || reached() || !(status === 500 || isEmptyHandOver(request, response, status)))
      return false;
    Object.assign(response, { writeHead, write, end });
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    refuse(request, response, headersOf(request), new AppError("malformed-request"));
    Object.assign(response, { writeHead: () => response, write: () => true, end: () => response });
    return true;
  };
  Object.assign(response, {
    writeHead: (status: number, ...rest: unknown[]) =>
      replaced(status) ? response : Reflect.apply(writeHead, response, [status, ...rest]),
    write: (...args: unknown[]) => replaced(response.statusCode) || Reflect.apply(write, response, args),
    end: (...args: unknown[]) => (replaced(response.statusCode) ? response : Reflect.apply(end, response, args)),
  });
}

/** What an action did comes as React's own type, and JSON from nobody else. */
function isEmptyHandOver({ headers }: IncomingMessage, response: ServerResponse, status: number): boolean {
  const type = String(response.getHeader("content-type"));
  return status === 200 && headers["next-action"] !== undefined && type.startsWith("application/json");
}

function refuse(request: IncomingMessage, response: ServerResponse, headers: Headers, error: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const { status, body, retryAfterSeconds, details } = describeFailure(error, headers, { method: request.method });
  const text = JSON.stringify(body);
  // What still comes of a body is thrown away while the refusal travels, then the connection is cut.
  if (!request.complete) {
    response.once("finish", () => setTimeout(() => request.destroy(), CLOSE_GRACE_MS).unref());
    request.resume();
  }
  if (retryAfterSeconds !== null) response.setHeader("Retry-After", String(retryAfterSeconds));
  if (typeof details.allow === "string") response.setHeader("Allow", details.allow);
  response.writeHead(status, {
    ...API_HEADERS,
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
