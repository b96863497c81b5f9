"use client";

import { CircleAlert, MessageSquareText } from "lucide-react";
import { useCallback, useMemo, useRef } from "react";
import { Button } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import { useRealtimeMessages } from "@/hooks/useRealtimeMessages";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";
import type { Message } from "@/lib/protocol/message";
import type { Snapshot } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import type { ConnectionStatus } from "@/lib/sync/connection";
import type { ConversationView } from "@/lib/sync/conversation-engine";
import { Announcer } from "./Announcer";
import { ChatHeader } from "./ChatHeader";
import { ChatSkeleton, ComposerSkeleton } from "./ChatSkeleton";
import { CompleteDialog } from "./CompleteDialog";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConnectionIndicator } from "./ConnectionIndicator";
import type { ChatActions } from "./form-action";
import { KeepOpenNotice } from "./KeepOpenNotice";
import { KeptDraft } from "./KeptDraft";
import { MessageInput, type MessageInputHandle } from "./MessageInput";
import { MessageList } from "./MessageList";
import { OutOfDateNotice } from "./OutOfDateNotice";
import { ReadOnlyNotice } from "./ReadOnlyNotice";
import { SignedOutNotice } from "./SignedOutNotice";
import { StartButton } from "./StartButton";

interface ChatRoomProps {
  roomId: string;
  currentUser: User;
  /** What the server rendered; without it the room fetches its snapshot itself. */
  initialSnapshot?: Snapshot;
  /** Shown, with the people, until the room has fetched its snapshot. */
  initialMessages?: readonly Message[];
  participants?: readonly User[];
  /** Bring the forms that work without scripts, and with them start and complete. */
  actions?: ChatActions;
  /** Id of the message that the form without scripts would send. */
  formMessageId?: string;
  backHref?: string;
}

export function ChatRoom(props: ChatRoomProps) {
  const { roomId, currentUser, initialSnapshot, initialMessages, participants, actions, formMessageId, backHref } =
    props;
  const words = useWords();
  const room = useRealtimeMessages(roomId, initialSnapshot);
  const { drafts } = useChatClient();
  const { consultation, retry, discard, markRead, loadOlder } = room;
  const input = useRef<MessageInputHandle>(null);
  const items = useMemo(
    () => (consultation || !initialMessages ? room.items : confirmedItems(initialMessages, currentUser.id)),
    [consultation, initialMessages, room.items, currentUser.id],
  );
  const others = useMemo(() => {
    const people = consultation ? room.participants.map(({ user }) => user) : (participants ?? []);
    return people.filter(({ id }) => id !== currentUser.id);
  }, [consultation, room.participants, participants, currentUser.id]);
  const writable = consultation?.status === "IN_PROGRESS";
  const ended = consultation?.status === "COMPLETED" || consultation?.status === "CANCELLED";
  const unsent = useMemo(
    () => ({
      retry: ended ? null : retry,
      discard,
      edit: writable
        ? (id: string, content: string) => {
            input.current?.restore(content);
            discard(id);
          }
        : null,
    }),
    [retry, discard, writable, ended],
  );
  const showOlder = useCallback(() => void loadOlder(), [loadOlder]);

  if (!consultation && !room.failure && !initialMessages) return <ChatSkeleton />;
  if (!consultation && room.failure) {
    return (
      <Notice icon={CircleAlert} title={words.chat.failed} text={errorWords(words, room.failure)}>
        <Button onClick={() => location.reload()}>{words.chat.reload}</Button>
      </Notice>
    );
  }
  const draft = drafts.get(roomId).trim();
  const practitioner = currentUser.role === "PRACTITIONER";
  return (
    <div className="flex h-full min-h-0 flex-col">
      <ChatHeader consultation={consultation} others={others} backHref={backHref}>
        <ConnectionIndicator status={shownStatus(room)} compact />
        {writable && practitioner && actions ? (
          <CompleteDialog consultationId={roomId} action={actions.completeConsultation} />
        ) : null}
      </ChatHeader>
      {room.failure || room.signedOut ? null : (
        <ConnectionBanner status={room.status} push={room.push} reachable={room.reachable} />
      )}
      {items.length === 0 ? (
        <div className="grid min-h-0 grow overflow-y-auto">
          <Notice
            icon={MessageSquareText}
            title={words.chat.empty}
            text={writable ? words.chat.emptyHint : undefined}
          />
        </div>
      ) : (
        <MessageList
          key={roomId}
          label={words.chat.messages(others.map(({ name }) => name).join(", ") || words.chat.nobody)}
          items={items}
          hasMore={room.hasMore}
          loadingOlder={room.loadingOlder}
          onLoadOlder={showOlder}
          onSeen={markRead}
          actions={unsent}
        />
      )}
      {room.signedOut ? (
        <SignedOutNotice durable={room.durable} />
      ) : room.failure ? (
        <OutOfDateNotice failure={room.failure} />
      ) : null}
      <KeepOpenNotice unsent={!room.durable && items.some(({ pending }) => pending !== null)} />
      <Announcer key={`spoken-${roomId}`} items={items} />
      {!consultation ? (
        <ComposerSkeleton />
      ) : consultation.status === "IN_PROGRESS" ? (
        <MessageInput
          key={`input-${roomId}`}
          ref={input}
          consultationId={roomId}
          formMessageId={formMessageId}
          formAction={actions?.sendMessage}
          onSend={room.send}
          drafts={drafts}
        />
      ) : (
        <>
          {draft ? <KeptDraft text={draft} /> : null}
          <ReadOnlyNotice consultation={consultation} status={consultation.status} role={currentUser.role} />
        </>
      )}
      {consultation?.status === "SCHEDULED" && practitioner && actions ? (
        <StartButton consultationId={roomId} action={actions.startConsultation} />
      ) : null}
    </div>
  );
}

/** A socket alone is not live: while the server does not answer, nothing comes or goes. */
function shownStatus({ status, reachable }: ConversationView): ConnectionStatus {
  return status === "live" && !reachable ? "polling" : status;
}

function confirmedItems(messages: readonly Message[], viewerId: string): TimelineItem[] {
  return messages.map((message) => {
    const own = message.sender?.id === viewerId;
    const delivery = own && message.kind === "text" ? "sent" : null;
    const untouched = { pending: null, change: null, refusedReaction: null };
    return { key: message.id, message, ...untouched, own, delivery, deliveryAt: delivery && message.createdAt };
  });
}
