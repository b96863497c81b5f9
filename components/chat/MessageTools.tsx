"use client";

import { Ellipsis, type LucideIcon, Reply, SmilePlus } from "lucide-react";
import { type ComponentProps, Fragment, useState } from "react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { MessageMenu, ReactionPicker } from "./later-parts";
import { useRoomActions } from "./RoomContext";

interface MessageToolsProps {
  item: TimelineItem;
  focusable: boolean;
}

/**
 * Floats over the upper edge of a bubble that is pointed at, focused or tapped. The menu button is always there for
 * screen readers; Tab reaches it on the focused message only.
 */
export function MessageTools({ item, focusable }: MessageToolsProps) {
  const { message } = useWords();
  const { writable, reply } = useRoomActions();
  const [open, setOpen] = useState<"menu" | "picker" | null>(null);
  const close = () => setOpen(null);
  const answerable = writable && item.message !== null && item.change?.kind !== "delete";
  const tabIndex = focusable ? 0 : -1;
  const quick = cn("hidden group-hover/message:grid group-focus-within/message:grid", open && "grid");

  return (
    <div
      className={cn(
        "pointer-events-none absolute bottom-[calc(100%-0.75rem)] z-10 flex rounded-lg border border-line bg-surface opacity-0 shadow-card",
        "group-hover/message:pointer-events-auto group-hover/message:opacity-100",
        "group-focus-within/message:pointer-events-auto group-focus-within/message:opacity-100",
        open && "opacity-100",
        // Of others at the end too, where it leaves their name free, but never beyond the start of a short bubble.
        item.own ? "end-1.5" : "start-[max(0.375rem,100%-6.75rem)] pointer-coarse:start-[max(0.375rem,100%-9rem)]",
      )}
    >
      {answerable ? (
        <Fragment>
          <ToolButton
            icon={SmilePlus}
            aria-label={message.actions.react}
            aria-haspopup="dialog"
            aria-expanded={open === "picker"}
            tabIndex={tabIndex}
            className={quick}
            onClick={() => setOpen("picker")}
          />
          <ToolButton
            icon={Reply}
            aria-label={message.actions.reply}
            tabIndex={tabIndex}
            className={quick}
            onClick={() => reply(item)}
          />
        </Fragment>
      ) : null}
      <ToolButton
        icon={Ellipsis}
        data-more=""
        aria-label={message.more}
        aria-haspopup="menu"
        aria-expanded={open === "menu"}
        tabIndex={tabIndex}
        onClick={() => setOpen("menu")}
      />
      {open === "menu" ? <MessageMenu item={item} onClose={close} onReact={() => setOpen("picker")} /> : null}
      {open === "picker" ? <ReactionPicker item={item} onClose={close} /> : null}
    </div>
  );
}

function ToolButton({ icon: Icon, className, ...props }: ComponentProps<"button"> & { icon: LucideIcon }) {
  return (
    <button
      type="button"
      title={props["aria-label"]}
      className={cn(
        "grid size-8 place-items-center rounded-lg text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:size-11",
        className,
      )}
      {...props}
    >
      <Icon aria-hidden="true" className="size-4 pointer-coarse:size-5" />
    </button>
  );
}
