"use client";

import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";

/** Said for a moment: there are no words in it that could be lost. */
export function RefusedReaction({ refused }: { refused: NonNullable<TimelineItem["refusedReaction"]> }) {
  const words = useWords();
  const full = refused.on && refused.reason === "validation-failed";
  const why = full ? words.message.reactionsFull : errorWords(words, refused.reason);
  return <p className="mt-1 px-1 text-danger text-sm">{`${refused.emoji} ${words.message.reactionRefused}. ${why}`}</p>;
}
