"use client";

import { PencilLine, RotateCw, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { CopyButton } from "@/components/ui/CopyButton";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";
import { useRoomActions } from "./RoomContext";
import { focusRow } from "./timeline-navigation";

interface ParkedNoticeProps {
  id: string;
  pending: NonNullable<TimelineItem["pending"]>;
  focusable: boolean;
}

const icon = "size-4 max-sm:hidden";
const narrow = "max-sm:px-1.5";

/** Why a message was not sent, and what can be done with its words. One that waits behind another has nothing to retry. */
export function ParkedNotice({ id, pending, focusable }: ParkedNoticeProps) {
  const words = useWords();
  const { retry, edit, discard } = useRoomActions().unsent;
  const behind = pending.reason === null;
  const why = behind ? words.chat.parkedBehind : errorWords(words, pending.reason);

  const tabIndex = focusable ? 0 : -1;

  return (
    <div className="mt-1 flex max-w-full flex-col items-end text-right">
      <p id={`message-${id}-why`} className="text-pretty text-danger text-sm">
        {retry ? why : words.chat.parkedEnded}
      </p>
      <div className="-mr-1.5 flex sm:-mr-2.5 flex-wrap justify-end">
        {retry && !behind ? (
          <Button
            look="quiet"
            size="small"
            tabIndex={tabIndex}
            className={narrow}
            onClick={() => {
              retry(id);
              focusRow(id);
            }}
          >
            <RotateCw aria-hidden="true" className={icon} />
            <span>{words.chat.actions.retry}</span>
          </Button>
        ) : null}
        {edit ? (
          <Button look="quiet" size="small" tabIndex={tabIndex} className={narrow} onClick={() => edit(id, pending)}>
            <PencilLine aria-hidden="true" className={icon} />
            <span>{words.chat.actions.edit}</span>
          </Button>
        ) : null}
        <CopyButton
          look="quiet"
          size="small"
          tabIndex={tabIndex}
          words={words.chat.actions}
          text={() => pending.content}
          iconClass={icon}
          className={narrow}
        />
        <Button look="danger" size="small" tabIndex={tabIndex} className={narrow} onClick={() => discard(id)}>
          <Trash2 aria-hidden="true" className={icon} />
          <span>{words.chat.actions.discard}</span>
        </Button>
      </div>
    </div>
  );
}
