import type { Conversation } from "@/lib/core/conversation";
import type { TimelineItem } from "@/lib/core/timeline";
import type { Message } from "@/lib/protocol/message";
import type { Participant } from "@/lib/protocol/snapshot";

/**
 * RCV5's written normal form: what a fold and a fresh read must agree on. Messages over the same window, participants by
 * id, everything else as it is: reactions too, which both sides put in one order.
 */
export function normalForm(state: Pick<Conversation, "consultation" | "participants" | "messages">, fromSeq: number) {
  return {
    consultation: state.consultation,
    participants: participantsOf(state.participants),
    messages: messagesOf(state.messages, fromSeq),
  };
}

/** What a screen shows, in the same form. */
export function normalFormOfItems(items: readonly TimelineItem[], fromSeq: number) {
  return messagesOf(
    items.flatMap(({ message }) => (message ? [message] : [])),
    fromSeq,
  );
}

export function messagesOf(messages: readonly Message[], fromSeq: number) {
  return messages.filter(({ seq }) => seq >= fromSeq);
}

export function participantsOf(participants: readonly Participant[]) {
  return [...participants].sort((a, b) => (a.user.id < b.user.id ? -1 : 1));
}
