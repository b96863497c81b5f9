import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { runtime, setRuntime } from "@/lib/runtime";

export interface ReceivedPush {
  channel: string;
  name: string;
  data: Record<string, unknown>;
}

interface Call {
  pushes: ReceivedPush[];
  at: number;
}

type Behave = (call: Call, response: ServerResponse, request: IncomingMessage) => void;

const accept: Behave = (_call, response) => response.end("{}");

/**
 * A provider of pushes that behaves as the test says; the runtime points to it until the test ends. `keepAliveMs`: how
 * long it keeps a connection that nobody uses.
 */
export async function startPushProvider({ keepAliveMs }: { keepAliveMs?: number } = {}) {
  const calls: Call[] = [];
  const accepted: ReceivedPush[] = [];
  const provider = { behave: accept, calls, accepted, accept, refuse, connections: 0, refuseConnections: 0 };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { batch = [] } = JSON.parse(text || "{}") as { batch?: { channel: string; name: string; data: string }[] };
    const pushes = batch.map((push) => ({ ...push, data: JSON.parse(push.data) as Record<string, unknown> }));
    const call = { pushes, at: performance.now() };
    calls.push(call);
    response.on("finish", () => {
      if (response.statusCode === 200) accepted.push(...pushes.filter(({ name }) => name !== "probe"));
    });
    provider.behave(call, response, request);
  });
  if (keepAliveMs !== undefined) server.keepAliveTimeout = keepAliveMs;
  server.on("connection", (socket: Socket) => {
    provider.connections += 1;
    if (provider.refuseConnections-- > 0) socket.resetAndDestroy();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const before = runtime();
  setRuntime({ ...before, pusher: { ...before.pusher, port: (server.address() as AddressInfo).port } });
  onTestFinished(() => {
    setRuntime(before);
    server.closeAllConnections();
    server.close();
  });
  return provider;

  function refuse(status: number): void {
    provider.behave = (_call, response) => void response.writeHead(status).end("refused");
  }
}
