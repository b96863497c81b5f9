import { PrismaPg } from "@prisma/adapter-pg";
import Pusher from "pusher";
import { PrismaClient } from "@/tests/bench/baseline/generated/client";

/** The smallest chat: what a tutorial does. No session, no rights, no log, no idempotency, no order. */
const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }, { schema: "bench_baseline" }),
});
const pusher = new Pusher({
  appId: process.env.PUSHER_APP_ID ?? "",
  key: process.env.PUSHER_KEY ?? "",
  secret: process.env.PUSHER_SECRET ?? "",
  host: process.env.PUSHER_HOST ?? "",
  port: process.env.PUSHER_PORT ?? "",
  useTLS: false,
});

export async function POST(request: Request) {
  const { roomId, senderId, content } = await request.json();
  const message = await prisma.message.create({ data: { roomId, senderId, content } });
  await pusher.trigger(`private-room-${roomId}`, "new-message", message);
  return Response.json(message, { status: 201 });
}
