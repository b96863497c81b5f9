"use client";

import { Copy, type LucideIcon, PencilLine, Reply, SmilePlus, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { copyText } from "@/components/ui/copy-text";
import { useOverlay } from "@/components/ui/useOverlay";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { type MessageAction, shownContent } from "./message-actions";
import { useRoomActions } from "./RoomContext";
import { focusRow, overlayRoot } from "./timeline-navigation";

interface MessageMenuProps {
  item: TimelineItem;
  onClose(): void;
  onReact(): void;
}

const icons: Record<MessageAction, LucideIcon> = {
  react: SmilePlus,
  reply: Reply,
  copy: Copy,
  edit: PencilLine,
  delete: Trash2,
};

/** Everything that may be done with one message just now. Mounted while open; its anchor is what it is placed in. */
export function MessageMenu({ item, onClose, onReact }: MessageMenuProps) {
  const { message } = useWords();
  const room = useRoomActions();
  const [actions] = useState(() => room.allowed(item));
  /** Where the focus goes afterwards: back to the message, unless the action leads elsewhere. */
  const leadsAway = useRef(false);
  useOverlay(onClose);

  const run: Record<MessageAction, () => void> = {
    react: onReact,
    reply: () => room.reply(item),
    edit: () => room.edit(item),
    delete: () => room.askDelete(item),
    copy: () => void copyText(shownContent(item) ?? ""),
  };

  return (
    <DropdownMenu.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <DropdownMenu.Trigger asChild>
        <span aria-hidden="true" className="pointer-events-none absolute inset-0" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={overlayRoot()}>
        <DropdownMenu.Content
          align={item.own ? "end" : "start"}
          sideOffset={6}
          collisionPadding={8}
          aria-label={message.menu}
          aria-labelledby={undefined}
          onInteractOutside={() => {
            leadsAway.current = true;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!leadsAway.current) focusRow(item.key);
          }}
          className="z-40 min-w-44 rounded-xl border border-line bg-surface p-1 text-ink shadow-float"
        >
          {actions.map((action) => {
            const Icon = icons[action];
            return (
              <DropdownMenu.Item
                key={action}
                onSelect={(event) => {
                  // Closing is decided here: a picker may follow.
                  event.preventDefault();
                  leadsAway.current = action !== "copy";
                  run[action]();
                  if (action !== "react") onClose();
                }}
                className={cn(
                  "flex min-h-9 cursor-pointer select-none items-center gap-3 rounded-lg px-3 text-[0.9375rem] pointer-coarse:min-h-11",
                  "data-highlighted:bg-hover data-highlighted:outline-2 data-highlighted:outline-accent data-highlighted:-outline-offset-2",
                  action === "delete" && "text-danger",
                )}
              >
                <Icon aria-hidden="true" className="size-4" />
                <span>{message.actions[action]}</span>
              </DropdownMenu.Item>
            );
          })}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
