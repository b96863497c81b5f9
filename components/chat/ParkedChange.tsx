"use client";

import { PencilLine, RotateCw, Undo2 } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { CopyButton } from "@/components/ui/CopyButton";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";
import { useRoomActions } from "./RoomContext";
import { focusRow } from "./timeline-navigation";

interface ParkedChangeProps {
  id: string;
  change: NonNullable<TimelineItem["change"]>;
  focusable: boolean;
}

/** Asking again does not help: the time for changes is over, or there is nothing left to change. */
const FINAL: readonly (string | null)[] = ["edit-window-closed", "message-deleted", "not-allowed", "not-found"];

const icon = "size-4 max-sm:hidden";
const narrow = "max-sm:px-1.5";

/** Why an edit or a deletion was not taken, and what can be done about it: its words are never lost. */
export function ParkedChange({ id, change, focusable }: ParkedChangeProps) {
  const words = useWords();
  const { retry, edit, discard } = useRoomActions().unsent;
  const { kind, reason, commandId, content } = change;
  const behind = reason === null;
  const title = kind === "edit" ? words.message.changeParked : words.message.deleteParked;
  const ended = kind === "edit" ? words.message.changeParkedEnded : words.message.deleteParkedEnded;
  const why = !retry ? ended : behind ? words.chat.parkedBehind : errorWords(words, reason);

  const decide = (decision: (commandId: string) => void) => {
    decision(commandId);
    focusRow(id);
  };
  const tabIndex = focusable ? 0 : -1;

  return (
    <div className="mt-1 flex max-w-full flex-col items-end text-right">
      <p id={`message-${id}-why`} className="text-pretty text-danger text-sm">
        {`${title}. ${why}`}
      </p>
      <div className="-mr-1.5 flex sm:-mr-2.5 flex-wrap justify-end">
        {retry && !behind && !FINAL.includes(reason) ? (
          <Button look="quiet" size="small" tabIndex={tabIndex} className={narrow} onClick={() => decide(retry)}>
            <RotateCw aria-hidden="true" className={icon} />
            <span>{words.message.retry}</span>
          </Button>
        ) : null}
        {content !== null && edit && FINAL.includes(reason) ? (
          <Button
            look="quiet"
            size="small"
            tabIndex={tabIndex}
            className={narrow}
            onClick={() => edit(commandId, { content, replyTo: null })}
          >
            <PencilLine aria-hidden="true" className={icon} />
            <span>{words.message.asNew}</span>
          </Button>
        ) : null}
        {content === null ? null : (
          <CopyButton
            look="quiet"
            size="small"
            tabIndex={tabIndex}
            words={words.chat.actions}
            text={() => content}
            iconClass={icon}
            className={narrow}
          />
        )}
        <Button look="quiet" size="small" tabIndex={tabIndex} className={narrow} onClick={() => decide(discard)}>
          <Undo2 aria-hidden="true" className={icon} />
          <span>{words.message.keep}</span>
        </Button>
      </div>
    </div>
  );
}
