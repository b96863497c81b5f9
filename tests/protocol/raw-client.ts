import { type ClientOptions, type RawData, WebSocket } from "ws";
import { until } from "./until";

export interface RawMessage {
  event: string;
  channel?: string;
  data?: unknown;
  user_id?: string;
}

/** Speaks the protocol without an SDK: sees close codes, sends what no SDK would. */
export class RawClient {
  readonly socket: WebSocket;
  readonly messages: RawMessage[] = [];
  closed: { code: number; reason: string } | null = null;
  #read = 0;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on("error", () => {});
    this.socket.on("message", (data: RawData) => this.messages.push(JSON.parse(data.toString())));
    this.socket.on("close", (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  get socketId(): string {
    const established = this.messages.find(({ event }) => event === "pusher:connection_established");
    return JSON.parse(String(established?.data)).socket_id;
  }

  /** The next message not yet read, whose event must be this one. */
  async next(event: string): Promise<RawMessage> {
    await until(`the message ${event}`, () => this.messages.length > this.#read || this.closed !== null);
    const message = this.messages[this.#read];
    this.#read += 1;
    if (message?.event !== event) {
      throw new Error(`Expected ${event}, got ${JSON.stringify(message ?? this.closed)}`);
    }
    return message;
  }

  /** Proves that everything sent so far was handled: answers come in order. */
  async settle(): Promise<RawMessage[]> {
    const before = this.#read;
    this.send({ event: "pusher:ping", data: {} });
    await until("the pong", () => this.messages.slice(before).some(({ event }) => event === "pusher:pong"));
    this.#read = this.messages.length;
    return this.messages.slice(before).filter(({ event }) => event !== "pusher:pong");
  }

  async closeCode(): Promise<number> {
    await until("the connection to end", () => this.closed !== null);
    return this.closed?.code ?? 0;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(channel: string, extra: { auth?: unknown; channel_data?: unknown } = {}): void {
    this.send({ event: "pusher:subscribe", data: { channel, ...extra } });
  }

  drop(): void {
    this.socket.terminate();
  }
}
