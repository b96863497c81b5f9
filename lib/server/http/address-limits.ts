import "server-only";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import { addressGroup, isTrustedProxy } from "./client-address";

const RETRY_SECONDS = 5;

/** How many connections one address may have, and how many of its sockets may begin in a minute. In memory, per instance. */
export class AddressLimits {
  readonly #connections = new Map<string, number>();
  readonly #sockets = new Map<string, number>();
  readonly #beyond = new WeakSet<Socket>();
  #begun: RateLimiterMemory | null = null;

  /** One too many is told so at its first request. A trusted proxy speaks for many people. */
  countConnection(socket: Socket): void {
    const peer = socket.remoteAddress ?? "";
    if (isTrustedProxy(peer)) return;
    if (!enter(this.#connections, addressGroup(peer), socket)) this.#beyond.add(socket);
  }

  requireRoom(socket: Socket): void {
    if (this.#beyond.has(socket)) throw tooMany();
  }

  /** The same for sockets, by whoever is behind the proxy. */
  async enterSocket(address: string, stream: Duplex): Promise<void> {
    this.#begun ??= new RateLimiterMemory({ points: 2 * runtime().env.rates.connectionsPerAddress, duration: 60 });
    const { remainingPoints } = await this.#begun.penalty(address);
    const room = enter(this.#sockets, address, stream);
    if (!room || remainingPoints <= 0 || this.#beyond.has(stream as Socket)) throw tooMany();
  }
}

function enter(counts: Map<string, number>, address: string, stream: Duplex): boolean {
  const count = counts.get(address) ?? 0;
  counts.set(address, count + 1);
  stream.once("close", () => {
    const left = (counts.get(address) ?? 1) - 1;
    if (left > 0) counts.set(address, left);
    else counts.delete(address);
  });
  return count < runtime().env.rates.connectionsPerAddress;
}

function tooMany(): AppError {
  return new AppError("rate-limited", { retryAfterSeconds: RETRY_SECONDS });
}
