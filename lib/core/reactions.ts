import { compareEmoji } from "@/lib/protocol/emoji";
import type { Message } from "@/lib/protocol/message";

/**
 * Reactions are sets by (user, emoji): adding twice is adding once, an emoji nobody holds disappears. They stand in the
 * one order that the server has too, so that nothing moves when somebody joins. The same array where nothing changed.
 */
export function withReaction(
  reactions: Message["reactions"],
  userId: string,
  emoji: string,
  on: boolean,
): Message["reactions"] {
  const holders = reactions.find((reaction) => reaction.emoji === emoji)?.userIds ?? [];
  if (holders.includes(userId) === on) return reactions;
  const others = reactions.filter((reaction) => reaction.emoji !== emoji);
  const userIds = on ? [...holders, userId].sort() : holders.filter((holder) => holder !== userId);
  if (userIds.length === 0) return others;
  return [...others, { emoji, userIds }].sort((a, b) => compareEmoji(a.emoji, b.emoji));
}
