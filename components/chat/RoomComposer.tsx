"use client";

import { type Ref, useRef } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import type { RealtimeMessages } from "@/hooks/useRealtimeMessages";
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

/** Where one writes, or why not; words that were being written when it ended stay to be copied. */
export function RoomComposer(props: RoomComposerProps) {
  const { roomId, room, composer, permissions, typing, actions, formMessageId, input } = props;
  const { chat, target } = useWords();
  const { drafts, viewer } = useChatClient();
  const edited = useRef<string | null>(null);
  const { consultation } = room;

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
        targetLost={composer.lost}
        onLeaveTarget={composer.leave}
        onEditing={(text) => {
          edited.current = text;
        }}
        onEditLast={() => {
          const last = lastEditable(room.items, permissions());
          if (last) composer.edit(last);
          return last !== null;
        }}
        typing={typing}
      />
    );
  }
  const draft = drafts.get(roomId).trim();
  const scheduled = consultation.status === "SCHEDULED";
  return (
    <>
      {edited.current ? <KeptDraft title={target.keptEdit} text={edited.current} /> : null}
      {draft ? <KeptDraft title={chat.keptDraft} text={draft} /> : null}
      <ReadOnlyNotice consultation={consultation} status={consultation.status} role={viewer.role} />
      {scheduled && viewer.role === "PRACTITIONER" && actions ? (
        <StartButton consultationId={roomId} action={actions.startConsultation} />
      ) : null}
    </>
  );
}
