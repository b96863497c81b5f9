import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { Prisma } from "@/lib/generated/prisma/client";
import { db } from "@/lib/server/db";
import type { HttpClient } from "@/tests/support/http-client";
import type { Person } from "@/tests/support/world";
import { percentile } from "./measure";

async function medianOf(times: number, action: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < times; index++) {
    const start = performance.now();
    await action();
    samples.push(performance.now() - start);
  }
  return percentile(
    samples.sort((a, b) => a - b),
    0.5,
  );
}

/** Where the time of one send goes: each part alone, median milliseconds, on the otherwise idle machine. */
export async function breakdown(options: {
  client: HttpClient;
  sender: Person;
  consultationId: string;
}): Promise<[string, number][]> {
  const { client, sender, consultationId } = options;
  const send = () =>
    db().$queryRaw(Prisma.sql`SELECT send_message(
      ${sender.sessionId}::uuid, ${sender.userId}::uuid, ${consultationId}::uuid, ${uuidV7()}::uuid,
      'Good morning', null, ${Uint8Array.from([0])}, null)`);
  return [
    ["empty statement, there and back", await medianOf(300, () => db().$queryRaw`SELECT 1`)],
    ["send_message in the database, there and back", await medianOf(300, send)],
    ["a route that touches no database", await medianOf(300, () => client.get("/api/pusher/config"))],
    [
      "a refused send (session, nothing else)",
      await medianOf(300, () =>
        client.post("/api/nachrichten", { json: { id: uuidV7(), consultationId: randomUUID(), content: "x" } }),
      ),
    ],
    [
      "a whole send until its answer",
      await medianOf(300, () =>
        client.post("/api/nachrichten", { json: { id: uuidV7(), consultationId, content: "Good morning" } }),
      ),
    ],
  ];
}
