"use client";

import { memo } from "react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Message } from "@/lib/protocol/message";
import { ReactionChip } from "./ReactionChip";

interface ReactionsProps {
  messageId: string;
  reactions: Message["reactions"];
  own: boolean;
  focusable: boolean;
}

export const Reactions = memo(function Reactions({ messageId, reactions, own, focusable }: ReactionsProps) {
  const { message } = useWords();
  return (
    <ul
      id={`message-${messageId}-reactions`}
      aria-label={message.reactions}
      className={cn("mt-1 flex max-w-full flex-wrap gap-1", own && "justify-end")}
    >
      {reactions.map(({ emoji, userIds }) => (
        <li key={emoji}>
          <ReactionChip messageId={messageId} emoji={emoji} userIds={userIds} focusable={focusable} />
        </li>
      ))}
    </ul>
  );
});
