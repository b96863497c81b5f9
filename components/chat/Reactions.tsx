"use client";

import { memo, useRef } from "react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Message } from "@/lib/protocol/message";
import { TippedChip } from "./later-parts";
import { ReactionChip } from "./ReactionChip";
import { useRoomActions } from "./RoomContext";
import { useTipped } from "./useTipped";

interface ReactionsProps {
  messageId: string;
  reactions: Message["reactions"];
  own: boolean;
  focusable: boolean;
}

export const Reactions = memo(function Reactions({ messageId, reactions, own, focusable }: ReactionsProps) {
  const { message, chat } = useWords();
  const { viewerId, nameOf } = useRoomActions();
  const list = useRef<HTMLUListElement>(null);
  const Chip = useTipped(list) ? TippedChip : ReactionChip;

  return (
    <ul
      ref={list}
      id={`message-${messageId}-reactions`}
      aria-label={message.reactions}
      className={cn("mt-1 flex max-w-full flex-wrap gap-1", own && "justify-end")}
    >
      {reactions.map(({ emoji, userIds }) => (
        <li key={emoji}>
          <Chip
            {...{ messageId, emoji, focusable }}
            count={userIds.length}
            mine={userIds.includes(viewerId)}
            names={userIds.map((userId) => (userId === viewerId ? chat.you : nameOf(userId))).join(", ")}
          />
        </li>
      ))}
    </ul>
  );
});
