"use client";

import { Popover } from "radix-ui";
import { useRef } from "react";
import { useOverlay } from "@/components/ui/useOverlay";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { EmojiGrid } from "./EmojiGrid";
import { MOST_OWN_REACTIONS } from "./emoji-set";
import { useRoomActions } from "./RoomContext";
import { focusRow, overlayRoot } from "./timeline-navigation";

interface ReactionPickerProps {
  item: TimelineItem;
  onClose(): void;
}

/** Puts an emoji on a message, or takes it off again. Mounted while open. */
export function ReactionPicker({ item, onClose }: ReactionPickerProps) {
  const { message } = useWords();
  const { toggle, viewerId } = useRoomActions();
  const leftByPointer = useRef(false);
  const reactions = item.message?.reactions ?? [];
  const mine = new Set(reactions.filter(({ userIds }) => userIds.includes(viewerId)).map(({ emoji }) => emoji));
  const full = mine.size >= MOST_OWN_REACTIONS;
  useOverlay(onClose);

  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Anchor className="pointer-events-none absolute inset-0" />
      <Popover.Portal container={overlayRoot()}>
        <Popover.Content
          align={item.own ? "end" : "start"}
          sideOffset={6}
          collisionPadding={8}
          aria-label={message.pickReaction}
          onInteractOutside={() => {
            leftByPointer.current = true;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!leftByPointer.current) focusRow(item.key);
          }}
          className="z-40 rounded-xl border border-line bg-surface p-1.5 text-ink shadow-float outline-none"
        >
          <EmojiGrid
            pressed={mine}
            full={full}
            onPick={(emoji) => {
              toggle(item.key, emoji);
              onClose();
            }}
          />
          {full ? <p className="max-w-60 px-1.5 pt-1.5 text-ink-soft text-sm">{message.reactionsFull}</p> : null}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
