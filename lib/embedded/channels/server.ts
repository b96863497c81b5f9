import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, WebSocketServer } from "ws";
import type { App } from "./app";
import { ChannelRegistry } from "./channel-registry";
import { CLOSE, type CloseReason } from "./close-codes";
import { ChannelsSocket, Connection, createSocketId, cutWhenClosing } from "./connection";
import { encodeError, type Frame } from "./frames";
import { judgeHandshake } from "./handshake";
import { startHeartbeat } from "./heartbeat";
import { DEFAULT_LIMITS, DEFAULT_TIMINGS, type Limits, type Timings } from "./limits";
import { handleMessage } from "./messages";
import { handleRequest } from "./rest";
import { UserRegistry } from "./user-registry";
import { WebhookFeed } from "./webhook-feed";
import { WebhookSender } from "./webhook-sender";

export interface ChannelsServerOptions {
  appId: string;
  key: string;
  secret: string;
  /** Address to listen on; 127.0.0.1 unless said otherwise. On a loopback address the REST API refuses proxied requests. */
  host?: string;
  /** 0 = any free port. */
  port: number;
  /** Where webhooks go; asked before each request, null = nobody to tell. */
  webhookUrl?: () => string | null;
  /** End connections that neither sign in nor enter a private channel in time (hosted: "authorized connections"). */
  authorizedConnections?: boolean;
  limits?: Partial<Limits>;
  timings?: Partial<Timings>;
  /** Told what the operator should know; never contains content. */
  onProblem?: (problem: string) => void;
}

export interface ChannelsServer {
  port: number;
  close(): Promise<void>;
}

/** The app's proxy comes from here, with everybody's sockets; it counts them itself. */
const OWN_ADDRESSES = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

/** Starts a Pusher Channels server for one app: sockets at `/app/{key}`, REST API at `/apps/{appId}`. */
export async function startChannelsServer(options: ChannelsServerOptions): Promise<ChannelsServer> {
  const { appId, key, secret, host = "127.0.0.1", port, onProblem = () => {} } = options;
  const credentials = { appId, key, secret };
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const timings = { ...DEFAULT_TIMINGS, ...options.timings };
  const webhooks = new WebhookFeed(
    new WebhookSender({ credentials, url: options.webhookUrl ?? (() => null), limits, timings, onProblem }),
    timings.leaveDelayMs,
  );
  const channels = new ChannelRegistry(limits.presenceMembers, webhooks);
  const app: App = { credentials, limits, channels, users: new UserRegistry(), webhooks };

  const connections = new Set<Connection>();
  const perAddress = new Map<string, number>();
  const rest = { refuseForwarded: isLoopback(host), onProblem };
  const http = createServer((request, response) => void handleRequest(app, request, response, rest));
  http.requestTimeout = 30_000;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.inboundFrameBytes,
    maxFragments: limits.inboundFragments,
    WebSocket: ChannelsSocket,
  });
  const requireAuthorization = options.authorizedConnections ?? false;
  let closing = false;

  http.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (closing) stream.destroy();
    else sockets.handleUpgrade(request, stream, head, (socket) => accept(request, stream, socket));
  });

  function accept(request: IncomingMessage, stream: Duplex, socket: ChannelsSocket): void {
    // ws closes the socket itself after an error; without a listener it would end the process.
    socket.on("error", () => {});
    cutWhenClosing(stream, socket, timings.closeGraceMs);
    const refusal = refuse(request);
    if (refusal) {
      socket.send(encodeError(refusal.code, refusal.message).toString());
      socket.close(refusal.code, refusal.message);
      return;
    }
    const address = request.socket.remoteAddress ?? "";
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
    const connection = new Connection(createSocketId(), socket, limits, timings, (leaver) => {
      connections.delete(leaver);
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
      app.users.signOut(leaver);
      channels.leaveAll(leaver);
    });
    connections.add(connection);
    /** False for a socket that is leaving, and for one that has just said too much. */
    const heard = (bytes: number): boolean => {
      if (!connection.live) return false;
      const now = performance.now();
      const rate = requireAuthorization && !connection.authorized ? limits.inboundUnauthorized : limits.inbound;
      if (connection.messages.spend(bytes, now, rate)) {
        connection.heard(now);
        return true;
      }
      connection.cutOff(CLOSE.tooManyMessages);
      return false;
    };
    socket.on("ping", (data: Buffer) => heard(data.length));
    socket.on("pong", (data: Buffer) => heard(data.length));
    // Leaving counts from the first sign of it: the close frame, or TCP's own end where there is none.
    socket.on("closing", () => connection.leave());
    stream.once("end", () => connection.leave());
    socket.on("close", () => connection.leave());
    socket.on("message", (data: RawData, isBinary: boolean) => {
      if (!heard((data as Buffer).length)) return;
      // Never fragments or an ArrayBuffer: ws delivers one Buffer by default.
      const answer = answerMessage(connection, data as Buffer, isBinary);
      if (answer) connection.send(answer);
    });
    connection.establish();
  }

  /** The last fence: whatever a client found to send (nesting deeper than the stack, say), the process goes on. */
  function answerMessage(connection: Connection, data: Buffer, isBinary: boolean): Frame | null {
    try {
      return handleMessage(app, connection, data, isBinary);
    } catch (error) {
      onProblem(`message: ${error instanceof Error ? error.name : "failed"}`);
      return encodeError(null, "Message could not be handled");
    }
  }

  function refuse(request: IncomingMessage): CloseReason | null {
    const refusal = judgeHandshake(request.url, key);
    if (refusal) return refusal;
    const address = request.socket.remoteAddress ?? "";
    const crowded = !OWN_ADDRESSES.has(address) && (perAddress.get(address) ?? 0) >= limits.connectionsPerAddress;
    return crowded || connections.size >= limits.connections ? CLOSE.overQuota : null;
  }

  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, () => {
      http.off("error", reject);
      resolve();
    });
  });
  http.on("error", (error) => onProblem(`server: ${error.name}`));
  const stopHeartbeat = startHeartbeat(connections, {
    timings,
    requireAuthorization,
  });
  const address = http.address();
  return { port: typeof address === "object" && address ? address.port : port, close };

  async function close(): Promise<void> {
    if (closing) return;
    closing = true;
    stopHeartbeat();
    const stopped = new Promise<void>((resolve) => http.close(() => resolve()));
    // Webhooks fall silent first: the sockets ended below have not left, they will be back.
    const flushed = webhooks.close();
    await Promise.all([...connections].map((connection) => endConnection(connection)));
    await flushed;
    http.closeAllConnections();
    await stopped;
  }
}

function endConnection(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.socket.once("close", () => resolve());
    connection.close(CLOSE.serverClosing);
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
