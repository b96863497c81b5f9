import "server-only";
import type { Prisma } from "@/lib/generated/prisma/client";
import { type Event, eventSchema } from "@/lib/protocol/event";
import { publishAppended } from "@/lib/server/relay/process-relay";
import { callFunction } from "@/lib/server/sql-function";
import { withTurn } from "./turns";

export interface Appended {
  /** The event the command added, or the one it had added before; null when nothing had to change. */
  event: Event | null;
  repeated: boolean;
}

/**
 * The one door to the log. `command` is a call of a SQL command function: it takes the consultation's turn, judges
 * session, membership, known id and state, changes the rows and appends the event, all in one statement and one
 * transaction. Only after that has committed is the relay told; it never holds up the answer.
 *
 * `queue` names those who wait here for the same turn: the consultation, or where only the database knows which one
 * that is, the person, who has few changes on their way at once.
 *
 * Throws AppError for every refusal, and then nothing has changed.
 */
export async function appendEvent(queue: string, command: Prisma.Sql): Promise<Appended> {
  const answer = await withTurn(queue, () => callFunction(command));
  const event = answer.event === null ? null : eventSchema.parse(answer.event);
  if (answer.outcome === "created" && event) tellRelay(event, answer);
  return { event, repeated: answer.outcome === "repeat" };
}

/** What append_event() answered beside the event says who publishes it, and how. */
export function tellRelay(event: Event, appended: Record<string, unknown>): void {
  publishAppended(event, {
    fence: typeof appended.fence === "number" ? appended.fence : null,
    unheld: appended.unheld === true,
    hintsOnly: appended.hintsOnly === true,
  });
}
