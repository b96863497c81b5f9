"use client";

import { CircleCheck, CirclePlay, CircleSlash, Hourglass, type LucideIcon, UserMinus, UserPlus } from "lucide-react";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Message, SystemLine } from "@/lib/protocol/message";
import { LinkedText } from "./LinkedText";
import { systemWords } from "./system-words";

const icons: Record<SystemLine["type"], LucideIcon> = {
  "consultation-started": CirclePlay,
  "consultation-completed": CircleCheck,
  "consultation-cancelled": CircleSlash,
  "consultation-closing": Hourglass,
  "consultation-continued": CirclePlay,
  "user-joined": UserPlus,
  "user-left": UserMinus,
};

export function SystemMessage({ message, focusable }: { message: Message; focusable: boolean }) {
  const words = useWords();
  const line = message.system;
  if (!line) return null;
  const Icon = icons[line.type];
  const note = line.type === "consultation-completed" ? line.closingNote : null;
  const id = `message-${message.id}`;
  return (
    <article
      id={id}
      data-seq={message.seq}
      tabIndex={focusable ? 0 : -1}
      aria-labelledby={`${id}-text`}
      className="mx-auto flex w-full max-w-3xl flex-col items-center rounded-lg px-4 pt-4 pb-1 text-center text-sm text-ink-soft -outline-offset-2"
    >
      <div id={`${id}-text`} className="max-w-full">
        <p className="wrap-anywhere">
          <Icon aria-hidden="true" className="mr-1.5 inline size-4 align-[-0.2em]" />
          <span>{`${systemWords(words, line)} `}</span>
          <Time at={message.createdAt} className="numeric whitespace-nowrap text-xs" />
        </p>
        {note === null ? null : (
          <blockquote className="mx-auto mt-2 max-w-md rounded-xl border border-line bg-surface px-4 py-3 text-left">
            <p className="text-xs font-medium">{words.system.closingNote}</p>
            <p dir="auto" className="mt-0.5 whitespace-pre-wrap wrap-anywhere text-[0.9375rem] text-ink">
              <LinkedText content={note} focusable={focusable} />
            </p>
          </blockquote>
        )}
      </div>
    </article>
  );
}
