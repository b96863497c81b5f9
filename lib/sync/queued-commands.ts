import { isSameList } from "@/lib/core/same-list";
import type { PendingChange, PendingSend } from "@/lib/core/timeline";
import type { StoredCommand } from "./ports";

/** A command of the queue, as this tab knows it. */
export interface Command {
  readonly stored: StoredCommand;
  /** Why the last attempt brought nothing. */
  readonly waits: PendingSend["reason"];
  /** The seq of its event as the server answered it, not yet folded in: it is shown until the log shows it. */
  readonly acceptedSeq: number | null;
  /**
   * Not in the storage any more, and the log has still to say what became of it: another tab sent it or gave it up, or
   * the server had nothing to change. It is shown as it was until then, so that a screen neither flickers nor lingers,
   * and it is never sent.
   */
  readonly vanished: false | "noticed" | "asked";
}

export function fromStorage(stored: StoredCommand): Command {
  return { stored, waits: null, acceptedSeq: null, vanished: false };
}

/** Still to be sent, or to be decided about. */
export function isOpen({ acceptedSeq, vanished }: Command): boolean {
  return acceptedSeq === null && !vanished;
}

/** The message that it is about. */
export function messageIdOf(stored: StoredCommand): string {
  return stored.kind === "send" ? stored.id : stored.messageId;
}

/**
 * The first that is still to be sent. Parking is about the order of words (docs/decisions/033): a parked message holds up
 * the messages behind it. A change of a message holds up nobody and waits for nothing but its message; and what a
 * deletion will make undone anyway is passed over, so that words which their author takes back do not go out first.
 */
export function nextOf(commands: readonly Command[]): StoredCommand | undefined {
  const undone = deletions(commands);
  const unsent = new Set<string>();
  let heldUp = false;
  for (const command of commands) {
    const { stored } = command;
    if (!isOpen(command)) continue;
    const isNext = stored.parked === null && !isUndone(stored, undone);
    if (stored.kind === "send") {
      if (isNext && !heldUp) return stored;
      heldUp ||= stored.parked !== null;
      unsent.add(stored.id);
    } else if (isNext && (stored.kind === "delete" || !unsent.has(stored.messageId))) {
      return stored;
    }
  }
  return undefined;
}

/** Everything about its message that was queued before a deletion. */
export function undoneBy(commands: readonly Command[], deletion: StoredCommand): readonly Command[] {
  const messageId = messageIdOf(deletion);
  return commands.filter(({ stored }) => messageIdOf(stored) === messageId && stored.serial < deletion.serial);
}

interface Shown {
  readonly pending: readonly PendingSend[];
  readonly changes: readonly PendingChange[];
}

/** What the screen is told of them, in queue order; entries keep their identity while they say the same. */
export function shownOf(commands: readonly Command[], sendingId: string | null, before: Shown): Shown {
  const undone = deletions(commands);
  const sends = new Map(before.pending.map((shown) => [shown.id, shown]));
  const corrections = new Map(before.changes.map((shown) => [shown.id, shown]));
  const pending: PendingSend[] = [];
  const changes: PendingChange[] = [];
  const held = new Set<string>();
  let heldUp = false;
  for (const command of commands) {
    const { stored, vanished } = command;
    const sending = stored.id === sendingId || command.acceptedSeq !== null;
    if (stored.kind === "send") {
      if (stored.parked !== null && !vanished) heldUp = true;
      if (heldUp) held.add(stored.id);
      if (!sending && isUndone(stored, undone)) continue;
      const known = sends.get(stored.id);
      pending.push(known && vanished ? known : keep(known, sendOf(stored, stateOf(command, sending, heldUp))));
    } else {
      const known = corrections.get(stored.id);
      const state = stateOf(command, sending, stored.kind !== "delete" && held.has(stored.messageId));
      changes.push(known && vanished ? known : keep(known, changeOf(stored, state)));
    }
  }
  return {
    pending: isSameList(before.pending, pending) ? before.pending : pending,
    changes: isSameList(before.changes, changes) ? before.changes : changes,
  };
}

/** Messages that are to be deleted, and since when. */
function deletions(commands: readonly Command[]): ReadonlyMap<string, number> {
  const serials = new Map<string, number>();
  for (const { stored, vanished } of commands) {
    if (stored.kind === "delete" && stored.parked === null && !vanished) serials.set(stored.messageId, stored.serial);
  }
  return serials;
}

function isUndone(stored: StoredCommand, undone: ReadonlyMap<string, number>): boolean {
  const serial = undone.get(messageIdOf(stored));
  return serial !== undefined && stored.serial < serial;
}

type State = Pick<PendingSend, "state" | "reason">;

/** SND4: what a parked message holds up is parked too, for everybody to see, without a reason of its own. */
function stateOf({ stored, waits }: Command, sending: boolean, heldUp: boolean): State {
  if (sending) return { state: "sending", reason: null };
  if (stored.parked !== null) return { state: "parked", reason: stored.parked };
  if (heldUp) return { state: "parked", reason: null };
  return { state: "queued", reason: waits };
}

function sendOf(
  { id, serial, content, replyToId }: Extract<StoredCommand, { kind: "send" }>,
  state: State,
): PendingSend {
  return { id, serial, content, replyToId, ...state };
}

function changeOf(stored: Exclude<StoredCommand, { kind: "send" }>, state: State): PendingChange {
  const { id, serial, messageId } = stored;
  const head = { id, serial, messageId, ...state };
  switch (stored.kind) {
    case "edit":
      return { ...head, kind: "edit", content: stored.content };
    case "delete":
      return { ...head, kind: "delete" };
    case "react":
      return { ...head, kind: "react", emoji: stored.emoji, on: stored.on };
  }
}

/** What a command says never changes, only how it stands with it. */
function keep<T extends State & { readonly serial: number }>(known: T | undefined, next: T): T {
  const same = known?.state === next.state && known.reason === next.reason && known.serial === next.serial;
  return same ? known : next;
}
