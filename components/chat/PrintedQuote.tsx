"use client";

import { useWords } from "@/components/ui/ViewpointProvider";
import type { Quote } from "@/lib/core/timeline";

export function PrintedQuote({ quote }: { quote: Quote }) {
  const { chat, message } = useWords();
  const { senderName, excerpt } = quote;
  return (
    <blockquote dir="auto">
      {`${message.inReplyTo} ${senderName === null ? message.earlier : `${senderName}: ${excerpt ?? chat.deleted}`}`}
    </blockquote>
  );
}
