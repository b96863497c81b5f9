import type Pusher from "pusher-js";
import { v7 as uuidV7 } from "uuid";
import type { HttpClient } from "@/tests/support/http-client";
import { connectPusher } from "@/tests/support/pusher-client";
import type { Contender } from "./measure";

export interface Room {
  consultationId: string;
  sender: HttpClient;
  receiver: HttpClient;
}

interface Socket {
  key: string;
  /** Of the Channels server, which runs alone: both publish to it over HTTP. */
  port: number;
  open: Pusher[];
}

function connect(
  { key, port, open }: Socket,
  authorize: (socketId: string, channel: string) => Promise<string>,
): Pusher {
  const client = connectPusher(key, port, async (socketId, channel) => ({ auth: await authorize(socketId, channel) }));
  open.push(client);
  return client;
}

function subscribed(client: Pusher, channelName: string, onMessage: (data: unknown) => void): Promise<void> {
  const channel = client.subscribe(channelName);
  channel.bind("new-message", onMessage);
  return new Promise((resolve, reject) => {
    channel.bind("pusher:subscription_succeeded", () => resolve());
    channel.bind("pusher:subscription_error", reject);
  });
}

async function sendThroughProduct({ sender, consultationId }: Room): Promise<string> {
  const id = uuidV7();
  const { status } = await sender.post("/api/nachrichten", { json: { id, consultationId, content: "Good morning" } });
  if (status !== 201) throw new Error(`The product answered ${status}`);
  return id;
}

function roomOf(rooms: readonly Room[], lane: number): Room {
  const room = rooms[lane % rooms.length];
  if (!room) throw new Error("No room");
  return room;
}

/** The whole product: session, rights, idempotency, order, log, relay; the receiver is authorised by the app. */
export function product(rooms: readonly Room[], socket: Socket): Contender {
  return {
    name: "Murph",
    send: (lane) => sendThroughProduct(roomOf(rooms, lane)),
    async listen(arrived) {
      for (const { receiver, consultationId } of rooms) {
        const client = connect(socket, async (socket_id, channel_name) => {
          const answer = await receiver.post("/api/pusher/auth", { form: { socket_id, channel_name } });
          return answer.body.auth;
        });
        await subscribed(client, `private-consultation-${consultationId}`, (data) =>
          arrived((data as { data: { message: { id: string } } }).data.message.id),
        );
      }
    },
  };
}

/** The smallest Next route with Prisma and a trigger, on the same parts. */
export function baseline(
  baseUrl: string,
  lanes: number,
  socket: Socket,
  sign: (socketId: string, channel: string) => string,
): Contender {
  return {
    name: "smallest route",
    async send(lane) {
      const response = await fetch(`${baseUrl}/api/send`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ roomId: `${lane % lanes}`, senderId: "sender", content: "Good morning" }),
      });
      if (response.status !== 201) throw new Error(`The baseline answered ${response.status}`);
      return (await response.json()).id;
    },
    async listen(arrived) {
      for (let room = 0; room < lanes; room++) {
        const client = connect(socket, async (socketId, channel) => sign(socketId, channel));
        await subscribed(client, `private-room-${room}`, (data) => arrived((data as { id: string }).id));
      }
    },
  };
}

/** The product's own log, asked every two seconds instead of pushed. */
export function polling(rooms: readonly Room[], timers: NodeJS.Timeout[]): Contender {
  return {
    name: "2 s polling",
    send: (lane) => sendThroughProduct(roomOf(rooms, lane)),
    async listen(arrived) {
      for (const { receiver, consultationId } of rooms) {
        let after = (await receiver.get(`/api/consultations/${consultationId}`)).body.headSeq as number;
        timers.push(
          setInterval(async () => {
            const { body } = await receiver.get(`/api/consultations/${consultationId}/events?after=${after}&limit=500`);
            for (const event of body.events) {
              after = Math.max(after, event.seq);
              arrived(event.data.message.id);
            }
          }, 2_000),
        );
      }
    },
  };
}
