"use client";

import { Ban } from "lucide-react";
import { Fragment } from "react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { MessageText } from "./MessageText";
import { quoteOf, shownContent } from "./message-actions";
import { Quote } from "./Quote";

interface MessageBubbleProps {
  item: TimelineItem;
  first: boolean;
  last: boolean;
  focusable: boolean;
  highlighted: boolean;
}

/** The words, and what they answer to. What is not saved yet has a dashed frame, what was refused a red one. */
export function MessageBubble({ item, first, last, focusable, highlighted }: MessageBubbleProps) {
  const { pending, change, own } = item;
  const { chat } = useWords();
  const id = `message-${item.key}`;
  const content = shownContent(item);
  const state = pending?.state ?? change?.state;
  const quote = quoteOf(item);
  return (
    <div
      className={cn(
        "rounded-bubble border px-3.5 py-2 text-[0.9375rem] leading-relaxed transition-[box-shadow] duration-500",
        own
          ? "border-transparent bg-bubble-own forced-colors:border-2 forced-colors:border-[Highlight]"
          : "border-line bg-bubble-other dark:border-transparent",
        own ? last && "rounded-br-md" : first && "rounded-tl-md",
        state && "border-dashed border-control dark:border-control",
        state === "parked" && "border-danger bg-surface dark:border-danger",
        content === null && "border-line bg-transparent dark:border-line",
        highlighted && "outline-3 outline-accent",
      )}
    >
      {content === null ? (
        <p id={`${id}-text`} className="flex items-center gap-1.5 text-ink-soft italic">
          <Ban aria-hidden="true" className="size-4 shrink-0" />
          <span>{chat.deleted}</span>
        </p>
      ) : (
        <Fragment>
          {quote ? <Quote id={`${id}-quote`} quote={quote} focusable={focusable} /> : null}
          <MessageText id={`${id}-text`} content={content} focusable={focusable} struck={change?.kind === "delete"} />
        </Fragment>
      )}
    </div>
  );
}
