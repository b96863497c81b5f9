/** One message of PostgreSQL's protocol, version 3, as it stands on the wire. */
export interface WireMessage {
  /** One letter; empty for what a client says before it is logged in. */
  readonly type: string;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #starting: boolean;

  /** A client begins with messages that have no type. */
  constructor(side: "client" | "server") {
    this.#starting = side === "client";
  }

  read(chunk: Buffer): WireMessage[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: WireMessage[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): WireMessage | null {
    const head = this.#starting ? 0 : 1;
    if (this.#rest.length < head + 4) return null;
    const end = head + this.#rest.readInt32BE(head);
    if (this.#rest.length < end) return null;
    const bytes = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    const body = bytes.subarray(head + 4);
    if (!this.#starting) return { type: String.fromCharCode(bytes[0] ?? 0), body, bytes };
    if (body.readInt32BE(0) !== SSL_REQUEST) this.#starting = false;
    return { type: "", body, bytes };
  }
}

const SSL_REQUEST = 80_877_103;

export function isSslRequest({ type, body }: WireMessage): boolean {
  return type === "" && body.length === 4 && body.readInt32BE(0) === SSL_REQUEST;
}

/** The strings at the beginning of a body. */
export function strings(body: Buffer, count: number): string[] {
  const found: string[] = [];
  let from = 0;
  while (found.length < count) {
    const end = body.indexOf(0, from);
    if (end < 0) break;
    found.push(body.toString("utf8", from, end));
    from = end + 1;
  }
  return found;
}
