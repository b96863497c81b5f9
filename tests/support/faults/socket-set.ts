import type { Socket } from "node:net";

/** The open sockets of a proxy: all can be cut at once, and none outlives it. */
export class SocketSet {
  readonly #sockets = new Set<Socket>();

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    // A peer that was killed or cut resets its end: the close that follows is enough to know.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** Ends all of them with a reset, as a router does that forgot them. */
  cut(): void {
    for (const socket of [...this.#sockets]) reset(socket);
  }
}

/** Ends a connection with RST where the system lets us, else at once without a goodbye. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
