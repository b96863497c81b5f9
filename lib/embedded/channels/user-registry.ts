import type { CloseReason } from "./close-codes";
import type { Connection } from "./connection";
import type { Frame } from "./frames";

/** The sockets of each person who signed in. */
export class UserRegistry {
  readonly #connections = new Map<string, Set<Connection>>();

  signIn(connection: Connection, userId: string): void {
    const connections = this.#connections.get(userId) ?? new Set();
    this.#connections.set(userId, connections.add(connection));
    connection.userId = userId;
  }

  signOut(connection: Connection): void {
    if (connection.userId === null) return;
    const connections = this.#connections.get(connection.userId);
    connections?.delete(connection);
    if (connections?.size === 0) this.#connections.delete(connection.userId);
  }

  send(userId: string, frame: Frame, exceptSocketId?: string): void {
    for (const connection of this.#connections.get(userId) ?? []) {
      if (connection.id !== exceptSocketId) connection.send(frame);
    }
  }

  isConnected(userId: string): boolean {
    return this.#connections.has(userId);
  }

  terminate(userId: string, reason: CloseReason): void {
    for (const connection of [...(this.#connections.get(userId) ?? [])]) connection.close(reason);
  }
}
