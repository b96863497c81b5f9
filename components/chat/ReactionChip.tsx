"use client";

import { Tooltip } from "radix-ui";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useRoomActions } from "./RoomContext";
import { overlayRoot } from "./timeline-navigation";

interface ReactionChipProps {
  messageId: string;
  emoji: string;
  userIds: readonly string[];
  focusable: boolean;
}

/** One emoji and how many hold it; its name says who. A press adds mine or takes it away. */
export function ReactionChip({ messageId, emoji, userIds, focusable }: ReactionChipProps) {
  const { chat } = useWords();
  const { viewerId, writable, toggle, nameOf } = useRoomActions();
  const mine = userIds.includes(viewerId);
  const names = userIds.map((userId) => (userId === viewerId ? chat.you : nameOf(userId))).join(", ");
  return (
    <Tooltip.Root>
      <Tooltip.Trigger
        type="button"
        translate="no"
        tabIndex={focusable ? 0 : -1}
        aria-pressed={mine}
        // The tooltip says no more than the name.
        aria-describedby={undefined}
        aria-disabled={!writable}
        onClick={() => {
          if (writable) toggle(messageId, emoji);
        }}
        className={cn(
          "relative inline-flex min-h-7 items-center gap-1.5 rounded-full border px-2 text-sm leading-none pointer-coarse:min-h-8",
          "before:absolute before:-inset-x-0.5 before:-inset-y-1.5 before:content-['']",
          mine ? "chosen border-accent bg-accent-soft text-accent-strong" : "border-line bg-surface text-ink",
          writable ? "hover:border-accent" : "cursor-default",
        )}
      >
        <span className="text-base leading-none">{`${emoji} `}</span>
        <span className={cn("numeric text-xs", mine && "font-semibold")}>
          <span>{userIds.length}</span>
          <span className="sr-only">{`: ${names}`}</span>
        </span>
      </Tooltip.Trigger>
      <Tooltip.Portal container={overlayRoot()}>
        <Tooltip.Content
          sideOffset={6}
          collisionPadding={8}
          className="z-40 max-w-64 rounded-lg border border-transparent bg-ink px-2.5 py-1.5 text-canvas text-sm shadow-float"
        >
          <span translate="no">{names}</span>
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
