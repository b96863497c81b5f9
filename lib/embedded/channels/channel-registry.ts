import type { Connection } from "./connection";
import { encodeFrame, encodeProtocolFrame, type Frame } from "./frames";

export interface Member {
  userId: string;
  userInfo: unknown;
}

/** Told when a room fills, empties or changes its people; the webhooks listen here. */
export interface RoomObserver {
  occupied(channel: string): void;
  vacated(channel: string): void;
  memberAdded(channel: string, userId: string): void;
  memberRemoved(channel: string, userId: string): void;
}

interface Room {
  /** Each socket with the person it speaks for; null outside presence channels. */
  readonly subscribers: Map<Connection, Member | null>;
  /** Each person once, with the number of their sockets. */
  readonly members: Map<string, { member: Member; sockets: number }>;
}

/** Which socket is in which channel, and who is there. A room exists exactly while somebody is in it. */
export class ChannelRegistry {
  readonly #rooms = new Map<string, Room>();

  constructor(
    private readonly memberLimit: number,
    private readonly observer: RoomObserver,
  ) {}

  /** False when a presence channel is full; several sockets of one person take one place. */
  join(connection: Connection, channel: string, member: Member | null): boolean {
    const known = this.#rooms.get(channel);
    const newcomer = member !== null && !known?.members.has(member.userId);
    if (newcomer && (known?.members.size ?? 0) >= this.memberLimit) return false;

    const room = known ?? { subscribers: new Map(), members: new Map() };
    if (!known) {
      this.#rooms.set(channel, room);
      this.observer.occupied(channel);
    }
    if (member) {
      const present = room.members.get(member.userId);
      if (present) present.sockets += 1;
      else {
        room.members.set(member.userId, { member, sockets: 1 });
        this.publish(
          channel,
          encodeProtocolFrame(
            "pusher_internal:member_added",
            { user_id: member.userId, user_info: member.userInfo },
            channel,
          ),
        );
        this.observer.memberAdded(channel, member.userId);
      }
    }
    // After the announcement: a person is not told of their own arrival.
    room.subscribers.set(connection, member);
    connection.channels.add(channel);
    return true;
  }

  /** False when the socket was not in that channel. */
  leave(connection: Connection, channel: string): boolean {
    const room = this.#rooms.get(channel);
    const member = room?.subscribers.get(connection);
    if (!room || member === undefined) return false;
    room.subscribers.delete(connection);
    connection.channels.delete(channel);
    const present = member ? room.members.get(member.userId) : undefined;
    if (present) {
      present.sockets -= 1;
      if (present.sockets === 0) {
        const { userId } = present.member;
        room.members.delete(userId);
        this.publish(channel, encodeProtocolFrame("pusher_internal:member_removed", { user_id: userId }, channel));
        this.observer.memberRemoved(channel, userId);
      }
    }
    if (room.subscribers.size === 0) {
      this.#rooms.delete(channel);
      this.observer.vacated(channel);
    }
    return true;
  }

  leaveAll(connection: Connection): void {
    for (const channel of [...connection.channels]) this.leave(connection, channel);
  }

  publish(channel: string, frame: Frame, exceptSocketId?: string): void {
    const room = this.#rooms.get(channel);
    if (!room) return;
    for (const connection of room.subscribers.keys()) {
      if (connection.id !== exceptSocketId) connection.send(frame);
    }
  }

  /** One event to everybody in the room, without the work of serialising it for an empty one. */
  publishEvent(channel: string, event: string, data: string, exceptSocketId?: string): void {
    if (this.#rooms.has(channel)) this.publish(channel, encodeFrame({ event, channel, data }), exceptSocketId);
  }

  /** The person a socket speaks for in a presence channel; undefined when it is not in the room. */
  memberOf(connection: Connection, channel: string): Member | null | undefined {
    return this.#rooms.get(channel)?.subscribers.get(connection);
  }

  names(): IterableIterator<string> {
    return this.#rooms.keys();
  }

  isOccupied(channel: string): boolean {
    return this.#rooms.has(channel);
  }

  subscriptionCount(channel: string): number {
    return this.#rooms.get(channel)?.subscribers.size ?? 0;
  }

  members(channel: string): Member[] {
    return [...(this.#rooms.get(channel)?.members.values() ?? [])].map(({ member }) => member);
  }

  userCount(channel: string): number {
    return this.#rooms.get(channel)?.members.size ?? 0;
  }
}
