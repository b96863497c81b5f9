import "server-only";
import { occupiedChannels } from "@/lib/pusher/server";
import { db } from "@/lib/server/db";

export interface DevEvent {
  consultationId: string;
  seq: number;
  type: string;
  at: Date;
}

export interface DevCursor {
  consultationId: string;
  sink: string;
  publishedSeq: number;
  headSeq: number;
  dirty: boolean;
  failures: number;
  leaseUntil: Date | null;
}

export interface DevPerson {
  id: string;
  name: string;
  online: boolean;
  lastActiveAt: Date | null;
}

/** The newest events of all consultations: ids and types, never words. */
export async function readDevEvents(most: number): Promise<DevEvent[]> {
  return db().event.findMany({
    orderBy: { at: "desc" },
    take: most,
    select: { consultationId: true, seq: true, type: true, at: true },
  });
}

/** How far each sink is, what is behind first. */
export async function readDevCursors(most: number): Promise<DevCursor[]> {
  const cursors = await db().publicationCursor.findMany({
    orderBy: [{ dirty: "desc" }, { consultation: { head: { lastEventAt: "desc" } } }, { sink: "asc" }],
    take: most,
    include: { consultation: { select: { head: { select: { headSeq: true } } } } },
  });
  return cursors.map(({ consultationId, sink, publishedSeq, dirty, failures, leaseUntil, consultation }) => ({
    consultationId,
    sink,
    publishedSeq,
    dirty,
    failures,
    leaseUntil,
    headSeq: consultation.head?.headSeq ?? 0,
  }));
}

/** Who is here, as the others see it. */
export async function readDevPeople(most: number): Promise<DevPerson[]> {
  return db().$queryRaw<DevPerson[]>`
    SELECT id, name, is_online(id) AS online, last_active_at(id) AS "lastActiveAt"
    FROM users WHERE last_active_at(id) IS NOT NULL
    ORDER BY last_active_at(id) DESC LIMIT ${most}::integer`;
}

/** Channels that somebody listens to now; null: the provider did not answer. */
export async function readDevChannels(): Promise<string[] | null> {
  try {
    // Ours are private or presence channels.
    return (await occupiedChannels("pr")).sort();
  } catch {
    return null;
  }
}
