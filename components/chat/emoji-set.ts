import type { Catalogue } from "@/lib/i18n/en";

export type ReactionEmoji = keyof Catalogue["emoji"];

export const EMOJI_COLUMNS = 6;

/** What can be picked as a reaction; the first row holds what people mean most often. */
export const REACTION_EMOJI = [
  ...["👍", "❤️", "🙏", "😊", "✅", "😢"],
  ...["👎", "👌", "👏", "💪", "🤝", "👋"],
  ...["🙂", "😀", "😂", "😌", "🤔", "😮"],
  ...["😟", "😕", "😴", "🤒", "🤕", "🤢"],
  ...["💊", "🩺", "🩹", "🌡️", "💉", "🏥"],
  ...["⏰", "📅", "❓", "❗", "⭐", "🎉"],
] as const satisfies readonly ReactionEmoji[];

/** As many different ones may a person put on one message. */
export const MOST_OWN_REACTIONS = 12;

/** Where an arrow leads in the grid of emoji; null for other keys. It stops at the edges. */
export function gridStep(from: number, key: string): number | null {
  const column = from % EMOJI_COLUMNS;
  const last = REACTION_EMOJI.length - 1;
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, from - 1);
    case "ArrowRight":
      return Math.min(last, from + 1);
    case "ArrowUp":
      return from < EMOJI_COLUMNS ? from : from - EMOJI_COLUMNS;
    case "ArrowDown":
      return from + EMOJI_COLUMNS > last ? from : from + EMOJI_COLUMNS;
    case "Home":
      return from - column;
    case "End":
      return Math.min(last, from - column + EMOJI_COLUMNS - 1);
    default:
      return null;
  }
}
