"use client";

import { Ban } from "lucide-react";
import { memo } from "react";
import { cn } from "@/components/ui/cn";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { RoleBadge } from "@/components/ui/RoleBadge";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { DeliveryMark } from "./DeliveryMark";
import { MessageText } from "./MessageText";
import { ParkedNotice, type UnsentActions } from "./ParkedNotice";
import { useLasting } from "./useLasting";

interface ChatMessageProps {
  item: TimelineItem;
  /** First and last of what one person wrote without a break. */
  first: boolean;
  last: boolean;
  /** My newest: its delivery state stands there in words. */
  newestOwn: boolean;
  focusable: boolean;
  actions: UnsentActions;
}

const STILL_SENDING_MS = 5_000;

export const ChatMessage = memo(function ChatMessage(props: ChatMessageProps) {
  const { item, first, last, newestOwn, focusable, actions } = props;
  const { message, pending, own, delivery } = item;
  const words = useWords();
  const id = `message-${item.key}`;
  const content = message ? message.content : (pending?.content ?? "");
  const name = own ? words.chat.you : (message?.sender?.name ?? words.chat.unknownSender);
  const parked = pending?.state === "parked";
  const stillSending = useLasting(pending !== null && !parked, STILL_SENDING_MS);
  const footer = last || pending !== null;

  return (
    <article
      id={id}
      data-seq={message?.seq}
      tabIndex={focusable ? 0 : -1}
      aria-labelledby={`${id}-by ${id}-text ${id}-foot`}
      aria-describedby={parked ? `${id}-why` : undefined}
      className={cn(
        "group mx-auto flex w-full max-w-3xl gap-2 rounded-lg px-3 -outline-offset-2 sm:px-5",
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
        <p id={`${id}-by`} className={own || !first ? "sr-only" : "mb-1 flex max-w-full items-center gap-1.5 pl-1"}>
          <span className="truncate text-sm font-semibold" dir="auto">
            {name}
          </span>
          {message?.sender && first && !own ? <RoleBadge role={message.sender.role} /> : null}
        </p>
        <div className={cn("relative", parked ? "max-w-[85%] sm:max-w-[78%]" : "max-w-full")}>
          <div
            className={cn(
              "rounded-bubble border px-3.5 py-2 text-[0.9375rem] leading-relaxed",
              own ? "border-transparent bg-bubble-own" : "border-line bg-bubble-other dark:border-transparent",
              own ? last && "rounded-br-md" : first && "rounded-tl-md",
              pending && "border-dashed border-control",
              parked && "border-danger bg-surface",
              content === null && "border-line bg-transparent dark:border-line",
            )}
          >
            {content === null ? (
              <p id={`${id}-text`} className="flex items-center gap-1.5 text-ink-soft italic">
                <Ban aria-hidden="true" className="size-4 shrink-0" />
                {words.chat.deleted}
              </p>
            ) : (
              <MessageText id={`${id}-text`} content={content} />
            )}
          </div>
          {message && !footer ? (
            <span
              id={`${id}-foot`}
              className={cn(
                "numeric absolute top-1/2 -translate-y-1/2 text-xs whitespace-nowrap text-ink-soft opacity-0",
                "transition-opacity group-hover:opacity-100 group-focus:opacity-100 group-focus-within:opacity-100",
                own ? "right-full mr-2" : "left-full ml-2",
              )}
            >
              <Time at={message.createdAt} />
              {delivery ? <span className="sr-only">, {words.chat.delivery[delivery]}</span> : null}
            </span>
          ) : null}
        </div>
        {footer ? (
          <p id={`${id}-foot`} className="numeric mt-1 flex items-center gap-1.5 px-1 text-xs text-ink-soft">
            {message ? <Time at={message.createdAt} /> : null}
            {message?.editedAt && content !== null ? <span>{words.chat.edited}</span> : null}
            {stillSending ? <span role="status">{words.chat.stillSending}</span> : null}
            {delivery && content !== null ? (
              <DeliveryMark status={delivery} worded={delivery === "parked" || (newestOwn && !stillSending)} />
            ) : null}
          </p>
        ) : null}
        {pending && parked ? <ParkedNotice id={item.key} pending={pending} actions={actions} /> : null}
      </div>
    </article>
  );
});
