import { useMemo, useState } from "react";
import { useChatClient } from "@/hooks/useChatClient";
import type { RealtimeMessages } from "@/hooks/useRealtimeMessages";
import type { TimelineItem } from "@/lib/core/timeline";
import { allowedActions, type Permissions } from "./message-actions";
import type { JumpTarget, RoomActions } from "./RoomContext";
import type { useComposerTarget } from "./useComposerTarget";

interface RoomParts {
  room: RealtimeMessages;
  composer: ReturnType<typeof useComposerTarget>;
  jump(target: JumpTarget): void;
  /** Puts words back into the composer. */
  restore(text: string): void;
  editWindowSeconds: number;
  unknownSender: string;
}

/** What rows may do, as one object that changes only with the state of the consultation and the people in it. */
export function useRoomActionsOf({ room, composer, jump, restore, editWindowSeconds, unknownSender }: RoomParts) {
  const { viewer, ports } = useChatClient();
  const [deleting, setDeleting] = useState<TimelineItem | null>(null);
  const { retry, discard, toggle, consultation } = room;
  const { reply, edit, replyAgain } = composer;
  const writable = consultation?.status === "IN_PROGRESS";
  const ended = consultation?.status === "COMPLETED" || consultation?.status === "CANCELLED";
  const namesKey = JSON.stringify(room.participants.map(({ user }) => [user.id, user.name]));

  const permissions = useMemo(
    () => (): Permissions => ({ writable, editWindowMs: editWindowSeconds * 1_000, now: ports.serverTime.now() }),
    [writable, editWindowSeconds, ports],
  );
  const actions = useMemo((): RoomActions => {
    const names = new Map<string, string>(JSON.parse(namesKey));
    return {
      viewerId: viewer.id,
      writable,
      allowed: (item) => allowedActions(item, permissions()),
      reply,
      edit,
      askDelete(item) {
        // The dialog gives the focus back to whoever has it now, and the menu is about to go.
        document.getElementById(`message-${item.key}`)?.focus({ preventScroll: true });
        setDeleting(item);
      },
      toggle: (messageId, emoji) => void toggle(messageId, emoji),
      jump,
      nameOf: (userId) => names.get(userId) ?? unknownSender,
      unsent: {
        retry: ended ? null : retry,
        discard,
        edit: writable
          ? (id, { content, replyTo }) => {
              if (replyTo) replyAgain(replyTo);
              restore(content);
              discard(id);
            }
          : null,
      },
    };
  }, [
    viewer.id,
    namesKey,
    unknownSender,
    writable,
    ended,
    permissions,
    reply,
    edit,
    replyAgain,
    toggle,
    retry,
    discard,
    jump,
    restore,
  ]);
  return { actions, permissions, deleting, closeDeleting: () => setDeleting(null) };
}
