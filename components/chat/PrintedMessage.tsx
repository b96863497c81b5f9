"use client";

import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { fullTime } from "@/lib/i18n/time";
import type { Message } from "@/lib/protocol/message";
import { PrintedQuote } from "./PrintedQuote";
import { useRoomActions } from "./RoomContext";
import { systemWords } from "./system-words";

interface PrintedMessageProps extends Pick<TimelineItem, "delivery" | "deliveryAt"> {
  message: Message;
}

/** As the log has it: a change that was not saved stands with what was not sent. */
export function PrintedMessage({ message, delivery, deliveryAt }: PrintedMessageProps) {
  const { view, words } = useViewpoint();
  const { nameOf } = useRoomActions();
  const { chat, print, roles } = words;
  const { sender, content, system, createdAt, editedAt, deletedAt, replyTo, reactions } = message;
  const at = (time: string) => fullTime(view, Date.parse(time));
  if (system) {
    const note = system.type === "consultation-completed" ? system.closingNote : null;
    return (
      <div className="record-entry">
        <p className="record-by">
          <span>{`${systemWords(words, system)} `}</span>
          <time dateTime={createdAt}>{at(createdAt)}</time>
        </p>
        {note === null ? null : (
          <blockquote>
            <p className="record-by">{words.system.closingNote}</p>
            <p className="record-words" dir="auto">
              {note}
            </p>
          </blockquote>
        )}
      </div>
    );
  }
  const name = sender?.name ?? chat.unknownSender;
  const marks = [
    ...(deletedAt === null && editedAt !== null ? [words.message.editedAt(at(editedAt))] : []),
    ...(deletedAt === null && delivery !== null && delivery !== "sent"
      ? [deliveryAt === null ? chat.delivery[delivery] : `${chat.delivery[delivery]}: ${at(deliveryAt)}`]
      : []),
    ...reactions.map(({ emoji, userIds }) => `${emoji} ${userIds.map(nameOf).join(", ")}`),
  ];
  return (
    <div className="record-entry">
      <p className="record-by">
        <strong translate="no" dir="auto">
          {name}
        </strong>
        <span>{sender ? ` (${roles[sender.role]}) · ` : " · "}</span>
        <time dateTime={createdAt}>{at(createdAt)}</time>
      </p>
      {content !== null && replyTo ? <PrintedQuote quote={replyTo} /> : null}
      {content === null ? (
        <p className="italic">{deletedAt === null ? chat.deleted : print.deleted(at(deletedAt))}</p>
      ) : (
        <p className="record-words" dir="auto">
          {content}
        </p>
      )}
      {marks.length > 0 ? <p className="record-by">{marks.join(" · ")}</p> : null}
    </div>
  );
}
