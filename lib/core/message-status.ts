import { assert } from "./assert";

/** What a sender is told about a message of their own (UI1). */
export type MessageStatus = "queued" | "sending" | "sent" | "delivered" | "read" | "parked";

/**
 * All legal moves. A row seen in the log is the truth whatever the queue believed: an attempt that timed out may have
 * been committed, so "queued" and "parked" may become "sent", and a receipt may overtake the answer. Nothing leads
 * from a confirmed status back to an unconfirmed one.
 */
const LEGAL_MOVES: Readonly<Record<MessageStatus, readonly MessageStatus[]>> = {
  queued: ["sending", "parked", "sent", "delivered", "read"],
  sending: ["queued", "parked", "sent", "delivered", "read"],
  parked: ["queued", "sending", "sent", "delivered", "read"],
  sent: ["delivered", "read"],
  delivered: ["read"],
  read: [],
};

export function isLegalMove(from: MessageStatus, to: MessageStatus): boolean {
  return LEGAL_MOVES[from].includes(to);
}

/** The new status; throws on a move that the table does not have. */
export function moveStatus<To extends MessageStatus>(from: MessageStatus, to: To): To {
  assert(isLegalMove(from, to), `message status ${from} -> ${to}`);
  return to;
}
