import type { Member } from "./channel-registry";
import type { CloseReason } from "./close-codes";
import type { Connection } from "./connection";
import type { Frame } from "./frames";

/** The sockets of each person who signed in. */
export class UserRegistry {
  readonly #connections = new Map<string, Set<Connection>>();

  signIn(connection: Connection, user: Member): void {
    const connections = this.#connections.get(user.userId) ?? new Set();
    this.#connections.set(user.userId, connections.add(connection));
    connection.user = user;
  }

  signOut(connection: Connection): void {
    if (connection.user === null) return;
    const { userId } = connection.user;
    const connections = this.#connections.get(userId);
    connections?.delete(connection);
    if (connections?.size === 0) this.#connections.delete(userId);
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
