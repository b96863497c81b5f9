import { once } from "node:events";
import { connect } from "node:net";

export interface RawAnswer {
  status: number;
  /** By lower-case name. */
  headers: Record<string, string>;
  body: string;
}

/** Says these bytes to a server, as no well-behaved client would, and reads until the connection ends. */
export async function sayRaw(port: number, request: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, "localhost");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(request);
  await once(socket, "close");
  return readAnswer(Buffer.concat(chunks).toString("latin1"));
}

/** A request of a few lines, closed after its answer. */
export function requestOf(method: string, target: string, headers: Record<string, string> = {}, body = ""): string {
  const lines = Object.entries({ Host: "localhost", Connection: "close", ...headers });
  if (body) lines.push(["Content-Length", String(Buffer.byteLength(body, "latin1"))]);
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

function readAnswer(text: string): RawAnswer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()];
    }),
  );
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers, body: rest.join("\r\n\r\n") };
}
