"use client";

import { Fragment, type Ref, useEffect } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import type { RealtimeMessages } from "@/hooks/useRealtimeMessages";
import { announcedNotePlace, editPlace, notePlace } from "@/lib/browser/queue/drafts";
import type { TimelineItem } from "@/lib/core/timeline";
import { ComposerSkeleton } from "./ChatSkeleton";
import type { ChatActions } from "./form-action";
import { KeptDraft } from "./KeptDraft";
import { MessageInput, type MessageInputHandle } from "./MessageInput";
import { lastEditable, type Permissions } from "./message-actions";
import { ReadOnlyNotice } from "./ReadOnlyNotice";
import { StartButton } from "./StartButton";
import type { useComposerTarget } from "./useComposerTarget";

interface RoomComposerProps {
  roomId: string;
  room: RealtimeMessages;
  composer: ReturnType<typeof useComposerTarget>;
  permissions(): Permissions;
  typing: { typed(): void; rested(): void };
  actions: ChatActions | undefined;
  formMessageId: string | undefined;
  input: Ref<MessageInputHandle>;
}

/** Where one writes, or why not; words that were being written when it ended stay until they are thrown away. */
export function RoomComposer(props: RoomComposerProps) {
  const { roomId, room, composer, permissions, typing, actions, formMessageId, input } = props;
  const { chat, life, target } = useWords();
  const { drafts, viewer } = useChatClient();
  const { consultation } = room;
  const over = consultation?.status === "COMPLETED" || consultation?.status === "CANCELLED";
  useEffect(() => {
    if (over) void drafts.discard(announcedNotePlace(roomId));
  }, [over, drafts, roomId]);

  if (!consultation) return <ComposerSkeleton />;
  if (consultation.status === "IN_PROGRESS") {
    return (
      <MessageInput
        key={roomId}
        ref={input}
        consultationId={roomId}
        formMessageId={formMessageId}
        formAction={actions?.sendMessage}
        onSend={room.send}
        onEdit={room.edit}
        drafts={drafts}
        target={composer.target}
        onLeaveTarget={composer.leave}
        onEditLast={() => {
          const last = lastEditable(room.items, permissions());
          if (last) composer.edit(last);
          return last !== null;
        }}
        typing={typing}
      />
    );
  }
  const scheduled = consultation.status === "SCHEDULED";
  return (
    <Fragment>
      <KeptDraft title={target.keptEdit} place={editPlace(roomId)} />
      <KeptDraft title={chat.keptDraft} place={roomId} />
      <KeptDraft title={life.keptNote} place={notePlace(roomId)} recorded={closingNoteOf(room.items)} />
      <ReadOnlyNotice consultation={consultation} status={consultation.status} role={viewer.role} />
      {scheduled && viewer.role === "PRACTITIONER" && actions ? (
        <StartButton consultationId={roomId} action={actions.startConsultation} />
      ) : null}
    </Fragment>
  );
}

function closingNoteOf(items: readonly TimelineItem[]): string | null {
  const end = items.findLast(({ message }) => message?.system?.type === "consultation-completed")?.message?.system;
  return end?.type === "consultation-completed" ? end.closingNote : null;
}
