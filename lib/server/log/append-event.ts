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
 * Throws AppError for every refusal, and then nothing has changed.
 */
export async function appendEvent(consultationId: string, command: Prisma.Sql): Promise<Appended> {
  const answer = await withTurn(consultationId, () => callFunction(command));
  const event = answer.event === null ? null : eventSchema.parse(answer.event);
  if (answer.outcome === "created" && event) {
    publishAppended(event, {
      fence: typeof answer.fence === "number" ? answer.fence : null,
      unheld: answer.unheld === true,
    });
  }
  return { event, repeated: answer.outcome === "repeat" };
}
