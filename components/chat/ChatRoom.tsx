"use client";

import { CircleAlert, MessageSquareText } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { PeoplePanelButton } from "@/components/people/PeoplePanelButton";
import { Button } from "@/components/ui/Button";
import { useFetchedAtRest } from "@/components/ui/drawn-later";
import { Motion } from "@/components/ui/Motion";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useLiveParticipants } from "@/hooks/useLiveParticipants";
import { usePresence } from "@/hooks/usePresence";
import { useReadReceipts } from "@/hooks/useReadReceipts";
import { useRealtimeMessages } from "@/hooks/useRealtimeMessages";
import { useTypingIndicator } from "@/hooks/useTypingIndicator";
import { reloadPage } from "@/lib/browser/consultation-pages";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";
import type { Message } from "@/lib/protocol/message";
import type { ConsultationRow, Snapshot } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import type { ConnectionStatus } from "@/lib/sync/connection";
import type { ConversationView } from "@/lib/sync/conversation-engine";
import { isTold } from "@/lib/sync/people";
import { Announcer } from "./Announcer";
import { ChatHeader } from "./ChatHeader";
import { ChatSkeleton } from "./ChatSkeleton";
import { ClosingBanner } from "./ClosingBanner";
import { ComingMessages } from "./ComingMessages";
import { CompleteDialog } from "./CompleteDialog";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConnectionIndicator } from "./ConnectionIndicator";
import { DeleteDialog } from "./DeleteDialog";
import type { ChatActions } from "./form-action";
import { KeepOpenNotice } from "./KeepOpenNotice";
import { PARTS_OF_ROOM, PeoplePanel } from "./later-parts";
import type { MessageInputHandle } from "./MessageInput";
import { MessageList, type MessageListHandle } from "./MessageList";
import { shownContent } from "./message-actions";
import { OutOfDateNotice } from "./OutOfDateNotice";
import { PrintedRecord } from "./PrintedRecord";
import { RemovedNotice } from "./RemovedNotice";
import { RoomComposer } from "./RoomComposer";
import { type JumpTarget, RoomContext } from "./RoomContext";
import { SignedOutNotice } from "./SignedOutNotice";
import { TypingLine } from "./TypingLine";
import { useComposerTarget } from "./useComposerTarget";
import { useEscapeToComposer } from "./useEscapeToComposer";
import { usePrinting } from "./usePrinting";
import { useRoomActionsOf } from "./useRoomActionsOf";

interface ChatRoomProps {
  roomId: string;
  currentUser: User;
  /** What the server rendered; without it the room fetches its snapshot itself. */
  initialSnapshot?: Snapshot;
  /** What a list tells of it: shown until the room has fetched its snapshot. */
  row?: ConsultationRow | undefined;
  /** Shown, with the people, until the room has fetched its snapshot. */
  initialMessages?: readonly Message[];
  participants?: readonly User[];
  /** Bring the forms that work without scripts, and with them start and complete. */
  actions?: ChatActions;
  /** Id of the message that the form without scripts would send. */
  formMessageId?: string;
  /** How long after sending a message may be changed, as the server is configured. */
  editWindowSeconds?: number;
  backHref?: string;
}

const EDIT_WINDOW_SECONDS = 900;
const NOBODY: readonly User[] = [];

export function ChatRoom(props: ChatRoomProps) {
  const { roomId, currentUser, initialSnapshot, row, initialMessages, actions, formMessageId, backHref } = props;
  const participants = props.participants ?? (row ? [row.counterpart] : NOBODY);
  const words = useWords();
  const room = useRealtimeMessages(roomId, initialSnapshot);
  const { consultation, loadOlder, loadUntil } = room;
  const everybody = useLiveParticipants(roomId, room.participants);
  const typing = useTypingIndicator(roomId, everybody);
  const { userIds: here } = usePresence(roomId);
  const { onSeen } = useReadReceipts(roomId);
  const input = useRef<MessageInputHandle>(null);
  const list = useRef<MessageListHandle>(null);
  const [peopleOpen, setPeopleOpen] = useState(false);
  const items = useMemo(
    () => (consultation || !initialMessages ? room.items : confirmedItems(initialMessages, currentUser.id)),
    [consultation, initialMessages, room.items, currentUser.id],
  );
  const told = isTold(room);
  const me = everybody.find(({ user }) => user.id === currentUser.id);
  const others = everybody.filter(({ user }) => user.id !== currentUser.id);
  const known = consultation ? others.map(({ user }) => user) : participants;
  const people = known.filter(({ id }) => id !== currentUser.id);
  const jump = useCallback((target: JumpTarget) => list.current?.jumpTo(target), []);
  const restore = useCallback((text: string) => input.current?.restore(text), []);
  const { unknownSender } = words.chat;
  const composer = useComposerTarget(items, unknownSender);
  const { actions: rowActions, ...rows } = useRoomActionsOf({
    ...{ room, composer, jump, restore, unknownSender },
    editWindowSeconds: props.editWindowSeconds ?? EDIT_WINDOW_SECONDS,
  });
  useEscapeToComposer();
  useFetchedAtRest(PARTS_OF_ROOM);
  const printedAt = usePrinting();
  const showOlder = useCallback(() => void loadOlder(), [loadOlder]);

  if (room.failure === "not-found") return <RemovedNotice backHref={backHref} />;
  if (!consultation && !room.failure && !initialMessages && !row) return <ChatSkeleton />;
  if (!consultation && room.failure) {
    return (
      <Notice icon={CircleAlert} title={words.chat.failed} text={errorWords(words, room.failure)}>
        <Button onClick={reloadPage}>{words.chat.reload}</Button>
      </Notice>
    );
  }
  const writable = rowActions.writable;
  const deciding = currentUser.role === "PRACTITIONER" ? actions : undefined;
  const closesAt = (writable && consultation?.closesAt) || null;
  return (
    <Motion>
      <RoomContext value={rowActions}>
        <div className="flex h-full min-h-0">
          {/* Scrolls where the letters are so large that the log would find no place. */}
          <div className="flex h-full min-h-0 min-w-0 grow flex-col overflow-y-auto overflow-x-clip">
            <ChatHeader
              consultation={consultation ?? row ?? null}
              people={people}
              others={others}
              here={here}
              told={told}
              backHref={backHref}
            >
              <ConnectionIndicator status={shownStatus(room)} compact />
              {writable && deciding && !closesAt ? (
                <CompleteDialog consultationId={roomId} action={deciding.completeConsultation} />
              ) : null}
              {consultation ? <PeoplePanelButton open={peopleOpen} onOpenChange={setPeopleOpen} /> : null}
            </ChatHeader>
            <ClosingBanner
              consultationId={roomId}
              closesAt={closesAt}
              actor={announcedBy(items)}
              viewer={currentUser}
              actions={deciding}
            />
            {room.failure || room.signedOut ? null : (
              <ConnectionBanner status={room.status} push={room.push} reachable={room.reachable} />
            )}
            {items.length === 0 && !consultation ? (
              <ComingMessages trouble={!room.reachable || room.status === "offline"} />
            ) : items.length === 0 ? (
              <div className="grid min-h-40 grow overflow-y-auto">
                <Notice
                  icon={MessageSquareText}
                  title={words.chat.empty}
                  text={writable ? words.chat.emptyHint : undefined}
                />
              </div>
            ) : (
              <MessageList
                key={roomId}
                ref={list}
                label={words.chat.messages(people.map(({ name }) => name).join(", ") || words.chat.nobody)}
                items={items}
                me={me}
                hasMore={room.hasMore}
                loadingOlder={room.loadingOlder}
                onLoadOlder={showOlder}
                loadUntil={loadUntil}
                onSeen={onSeen}
              />
            )}
            {room.signedOut ? (
              <SignedOutNotice durable={room.durable} />
            ) : room.failure ? (
              <OutOfDateNotice failure={room.failure} />
            ) : null}
            <KeepOpenNotice unsent={!room.durable && items.some(({ pending, change }) => pending ?? change)} />
            <Announcer key={`spoken-${roomId}`} items={items} />
            {writable ? <TypingLine names={told ? typing.typists.map(({ name }) => name) : []} /> : null}
            <RoomComposer
              {...{ roomId, room, composer, typing, actions, formMessageId, input }}
              permissions={rows.permissions}
            />
          </div>
          {peopleOpen && consultation ? (
            <PeoplePanel consultationId={roomId} onClose={() => setPeopleOpen(false)} />
          ) : null}
        </div>
        {printedAt === null ? null : (
          <PrintedRecord room={room} items={items} viewer={currentUser} printedAt={printedAt} />
        )}
        {rows.deleting ? (
          <DeleteDialog
            content={shownContent(rows.deleting) ?? ""}
            onConfirm={() => {
              if (composer.target?.id === rows.deleting?.key) composer.leave();
              if (rows.deleting) void room.remove(rows.deleting.key);
            }}
            onClose={rows.closeDeleting}
          />
        ) : null}
      </RoomContext>
    </Motion>
  );
}

/** A socket alone is not live: while the server does not answer, nothing comes or goes. */
function shownStatus({ status, reachable }: ConversationView): ConnectionStatus {
  return status === "live" && !reachable ? "polling" : status;
}

function announcedBy(items: readonly TimelineItem[]): User | null {
  const line = items.findLast(({ message }) => message?.system?.type === "consultation-closing")?.message?.system;
  return line?.actor ?? null;
}

function confirmedItems(messages: readonly Message[], viewerId: string): TimelineItem[] {
  return messages.map((message) => {
    const own = message.sender?.id === viewerId;
    return {
      ...{ key: message.id, message, pending: null, change: null, refusedReaction: null, own },
      ...(own && message.kind === "text"
        ? ({ delivery: "sent", deliveryAt: message.createdAt } as const)
        : { delivery: null, deliveryAt: null }),
    };
  });
}
