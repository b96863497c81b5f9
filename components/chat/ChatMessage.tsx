"use client";

import { memo } from "react";
import { cn } from "@/components/ui/cn";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { MessageBubble } from "./MessageBubble";
import { MessageFooter } from "./MessageFooter";
import { MessageTools } from "./MessageTools";
import { quoteOf } from "./message-actions";
import { ParkedChange } from "./ParkedChange";
import { ParkedNotice } from "./ParkedNotice";
import { Reactions } from "./Reactions";
import { RefusedReaction } from "./RefusedReaction";

interface ChatMessageProps {
  item: TimelineItem;
  /** First and last of what one person wrote without a break. */
  first: boolean;
  last: boolean;
  /** My newest: its delivery state stands there in words. */
  newestOwn: boolean;
  focusable: boolean;
  /** Somebody was led here. */
  highlighted: boolean;
}

export const ChatMessage = memo(function ChatMessage(props: ChatMessageProps) {
  const { item, first, last, newestOwn, focusable, highlighted } = props;
  const { message, pending, change, own } = item;
  const words = useWords();
  const id = `message-${item.key}`;
  const name = own ? words.chat.you : (message?.sender?.name ?? words.chat.unknownSender);
  const parked = (pending ?? change)?.state === "parked";
  const deleted = message?.content === null;
  const footer = last || pending !== null || change !== null || (message?.editedAt != null && !deleted);
  const reactions = message && !deleted ? message.reactions : [];
  const part = (name: string, there = true) => (there ? [`${id}-${name}`] : []);
  const label = [...part("by"), ...part("quote", quoteOf(item) !== null), ...part("text"), ...part("foot")];
  const description = [...part("reactions", reactions.length > 0), ...part("why", parked)];

  return (
    <article
      id={id}
      data-seq={message?.seq}
      tabIndex={focusable ? 0 : -1}
      aria-labelledby={label.join(" ")}
      aria-describedby={description.join(" ") || undefined}
      className={cn(
        "group/message mx-auto flex w-full max-w-3xl gap-2 rounded-lg px-3 -outline-offset-2 sm:px-5",
        // A long press opens the menu, which can copy; the browser's own would lie over it.
        "pointer-coarse:select-none pointer-coarse:[-webkit-touch-callout:none]",
        first ? "pt-3" : "pt-0.5",
        own && "justify-end",
      )}
    >
      {own ? null : (
        <span className="w-8 shrink-0">
          {first && message?.sender ? <PersonAvatar person={message.sender} size="small" /> : null}
        </span>
      )}
      <div
        className={cn(
          "flex min-w-0 flex-col",
          parked ? "w-full" : "max-w-[85%] sm:max-w-[78%]",
          own ? "items-end" : "items-start",
        )}
      >
        <p id={`${id}-by`} className={own || !first ? "sr-only" : "mb-1 max-w-full pl-1 font-semibold text-sm"}>
          <PersonName name={name} role={first && !own ? (message?.sender?.role ?? null) : null} />
        </p>
        <div className={cn("relative", parked ? "max-w-[85%] sm:max-w-[78%]" : "max-w-full")}>
          <MessageBubble item={item} first={first} last={last} focusable={focusable} highlighted={highlighted} />
          {deleted || pending?.state === "parked" ? null : <MessageTools item={item} focusable={focusable} />}
          {message && !footer ? (
            <span
              id={`${id}-foot`}
              translate="no"
              className={cn(
                "numeric absolute top-1/2 -translate-y-1/2 text-xs whitespace-nowrap text-ink-soft opacity-0",
                "transition-opacity group-hover/message:opacity-100 group-focus-within/message:opacity-100",
                own ? "right-full mr-2" : "left-full ml-2",
              )}
            >
              <Time at={message.createdAt} />
              {item.delivery && !deleted ? (
                <span className="sr-only">{`, ${words.chat.delivery[item.delivery]}`}</span>
              ) : null}
            </span>
          ) : null}
        </div>
        {reactions.length > 0 ? (
          <Reactions messageId={item.key} reactions={reactions} own={own} focusable={focusable} />
        ) : null}
        {footer ? <MessageFooter item={item} newestOwn={newestOwn} /> : null}
        {item.refusedReaction ? <RefusedReaction refused={item.refusedReaction} /> : null}
        {change?.state === "parked" ? <ParkedChange id={item.key} change={change} focusable={focusable} /> : null}
        {pending?.state === "parked" && change?.state !== "parked" ? (
          <ParkedNotice id={item.key} pending={pending} focusable={focusable} />
        ) : null}
      </div>
    </article>
  );
});
