import type { ConsultationList } from "@/lib/sync/consultation-list";
import { type NoticesView, Notifier } from "@/lib/sync/notifier";
import { keepRoomKnown, type People, type PresenceOf } from "@/lib/sync/people";
import type { Cancel, Ports } from "@/lib/sync/ports";
import { Typing, type TypingView } from "@/lib/sync/typing";
import { browserAttention, keepLooking, lookingLock } from "./looking";
import { createManagementApi } from "./management-api";
import { createNoticeTabs } from "./notice-tabs";
import { type BrowserNotices, createBrowserNotices } from "./notifications";
import { MyPreferences } from "./preferences";
import { Shared } from "./shared";
import { createSound } from "./sound";

const NOBODY: PresenceOf = new Map();

/** What people feel of each other beside the conversations: who is here, who types, and being called. */
export interface Live {
  readonly people: {
    readonly subscribe: (listener: () => void) => Cancel;
    readonly getSnapshot: () => PresenceOf;
    readonly getServerSnapshot: () => PresenceOf;
  };
  readonly notices: Shared<NoticesView, Notifier>;
  readonly system: BrowserNotices;
  readonly preferences: MyPreferences;
  typing(consultationId: string): Shared<TypingView, Typing>;
  /** For as long as this tab shows the consultation: its own messages are no news while somebody looks. */
  lookAt(consultationId: string): Cancel;
  close(): void;
}

interface LiveOptions {
  readonly viewerId: string;
  readonly ports: Ports;
  readonly list: ConsultationList;
  readonly people: People;
  readonly retainSocket: () => Cancel;
  /** Ids of those who take part, as far as this tab knows. */
  readonly participants: (consultationId: string) => readonly string[];
}

export function createLive({ viewerId, ports, list, people, retainSocket, participants }: LiveOptions): Live {
  const { clock } = ports;
  const shared = { clock, retainSocket };
  const system = createBrowserNotices();
  const tabs = createNoticeTabs(viewerId, clock);
  const preferences = new MyPreferences(viewerId, createManagementApi(viewerId), clock);
  const notifier = new Notifier(
    { clock, attention: browserAttention, tabs, system, sound: createSound(), preferences: preferences.current },
    list,
    viewerId,
  );
  const notices = new Shared<NoticesView, Notifier>(notifier, shared);
  const rooms = new Map<string, Shared<TypingView, Typing>>();

  /** Others than the one whom the list tells of. */
  function hasOthers(consultationId: string): boolean {
    const row = list.getSnapshot().rows?.find(({ id }) => id === consultationId);
    return participants(consultationId).some((id) => id !== viewerId && id !== row?.counterpart.id);
  }

  function openTyping(consultationId: string): Shared<TypingView, Typing> {
    const onIdle = () => rooms.delete(consultationId);
    const typing = new Shared<TypingView, Typing>(new Typing(ports, { consultationId, viewerId }), {
      ...shared,
      onIdle,
    });
    rooms.set(consultationId, typing);
    return typing;
  }

  return {
    people: { subscribe: people.subscribe, getSnapshot: people.getSnapshot, getServerSnapshot: () => NOBODY },
    notices,
    system,
    preferences,
    typing: (consultationId) => rooms.get(consultationId) ?? openTyping(consultationId),
    lookAt(consultationId) {
      const stopLooking = keepLooking(lookingLock(viewerId, consultationId), browserAttention);
      const stopKnowing = keepRoomKnown(ports, consultationId, () => hasOthers(consultationId));
      notifier.lookAt(consultationId);
      return () => {
        stopLooking();
        stopKnowing();
        notifier.lookAt(null);
      };
    },
    close() {
      for (const typing of [...rooms.values()]) typing.close();
      notices.close();
      preferences.close();
      tabs.close();
    },
  };
}
