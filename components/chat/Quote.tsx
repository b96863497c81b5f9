"use client";

import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Quote as QuotedMessage } from "@/lib/core/timeline";
import { useRoomActions } from "./RoomContext";

interface QuoteProps {
  id: string;
  quote: QuotedMessage;
  focusable: boolean;
}

/** What a message answers to; leads there. */
export function Quote({ id, quote, focusable }: QuoteProps) {
  const { chat, message } = useWords();
  const { jump } = useRoomActions();
  const deleted = quote.excerpt === null && quote.senderName !== null;
  return (
    <button
      id={id}
      type="button"
      tabIndex={focusable ? 0 : -1}
      title={message.showQuoted}
      onClick={() => jump(quote)}
      className="-mx-1.5 mb-1.5 block min-h-11 w-[calc(100%+0.75rem)] min-w-24 rounded-lg border-accent border-s-3 bg-sunken px-2.5 py-1 text-start text-sm leading-snug hover:bg-hover"
    >
      <span className="sr-only">{`${message.inReplyTo} `}</span>
      <span translate="no" className="block truncate font-semibold text-accent-strong" dir="auto">
        {quote.senderName ?? message.earlier}
      </span>
      <span className={cn("line-clamp-2 wrap-anywhere text-ink-soft", deleted && "italic")} dir="auto">
        {deleted ? chat.deleted : quote.excerpt}
      </span>
    </button>
  );
}
