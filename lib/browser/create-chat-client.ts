import type { ConsultationRow, Snapshot } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { ConsultationList, type ConsultationListView } from "@/lib/sync/consultation-list";
import { ConversationEngine, type ConversationView } from "@/lib/sync/conversation-engine";
import { finishKeptCommands } from "@/lib/sync/kept-commands";
import { People, withPeople } from "@/lib/sync/people";
import type { Cancel, Ports } from "@/lib/sync/ports";
import { keepConnected } from "@/lib/sync/socket-keeper";
import { SocketStatus, type SocketStatusView } from "@/lib/sync/socket-status";
import { wordsOf } from "@/lib/sync/words-of";
import { createApi } from "./api-client";
import { browserClock, browserRandom } from "./clock";
import { browserIds } from "./ids";
import { createLive, type Live } from "./live";
import { createBrowserQueue } from "./queue/browser-queue";
import { consultationOf, type Drafts, isAnnounced } from "./queue/drafts";
import { wipeQueuesOfOthers } from "./queue/kept-on-device";
import { createServerTime } from "./server-time";
import { Shared } from "./shared";
import { browserSignals } from "./signals";
import { type ClosableTransport, createTransport } from "./transport";
import { type WatchedQueue, watchQueue } from "./watched-queue";

/** Consultations that are kept, as they were last known, for whoever comes back to them. */
const MOST_AT_REST = 10;

interface BrowserPorts extends Ports {
  readonly transport: ClosableTransport;
  readonly queue: WatchedQueue;
}

/** Words that are not sent yet, in the order of writing. */
export interface UnsentWords {
  readonly consultationId: string;
  /** Waits to be sent. */
  readonly texts: readonly string[];
  /** Stands in a field: nobody but the person sends it. */
  readonly drafts?: readonly string[];
}

/** The one registry of a tab: what several components look at exists once, and lives while one of them looks. */
export interface ChatClient {
  readonly viewer: User;
  readonly ports: Ports;
  /** Words in composers, by consultation: they wait there while another room is open. */
  readonly drafts: Drafts;
  /** What stands in forms of this page that no consultation has yet, by form. */
  readonly forms: Map<string, unknown>;
  /** Own messages that wait, by consultation. */
  readonly unsent: WatchedQueue["counts"];
  readonly socket: Shared<SocketStatusView, SocketStatus>;
  readonly live: Live;
  /** `initial` counts while nobody has the consultation open: an open one knows better. */
  conversation(consultationId: string, initial?: Snapshot): Shared<ConversationView, ConversationEngine>;
  list(initial?: readonly ConsultationRow[]): Shared<ConsultationListView, ConsultationList>;
  /** Keeps the connection up for somebody who uses channels directly. */
  retainSocket(): Cancel;
  /** What signing out would delete: everything of this person that this browser keeps, from whichever tab. */
  readUnsent(): Promise<UnsentWords[]>;
  /** Own words would be lost if this page were closed now. */
  wouldLoseWords(): boolean;
  /** Signing out: words that were not sent are gone for good, here and in every tab (SND5). */
  wipe(): Promise<void>;
  close(): void;
}

function browserPorts(viewerId: string): BrowserPorts {
  const serverTime = createServerTime();
  return {
    api: createApi(viewerId, serverTime),
    transport: createTransport(viewerId),
    clock: browserClock,
    random: browserRandom,
    signals: browserSignals,
    ids: browserIds,
    queue: watchQueue(createBrowserQueue(viewerId, browserClock), browserClock),
    serverTime,
  };
}

/** Asks for nothing and touches no window until something is started, so it may run while rendering on a server. */
function createChatClient(viewer: User, outside: BrowserPorts = browserPorts(viewer.id)): ChatClient {
  const people = new People();
  const ports: BrowserPorts = { ...outside, api: withPeople(outside.api, people) };
  const conversations = new Map<string, Shared<ConversationView, ConversationEngine>>();
  /** Those of them that nobody has open, the one that was closed last at the end. */
  const atRest = new Set<string>();
  let socketUsers = 0;
  let stopSocket: Cancel | null = null;

  function retainSocket(): Cancel {
    socketUsers += 1;
    stopSocket ??= keepConnected(ports);
    let retained = true;
    return () => {
      if (!retained) return;
      retained = false;
      socketUsers -= 1;
      if (socketUsers > 0) return;
      stopSocket?.();
      stopSocket = null;
    };
  }

  const shared = { clock: ports.clock, retainSocket };
  const socket = new Shared<SocketStatusView, SocketStatus>(new SocketStatus(ports), shared);
  const rows = new ConsultationList(ports, viewer.id, people);
  const list = new Shared<ConsultationListView, ConsultationList>(rows, shared);
  const live = createLive({
    ...{ viewerId: viewer.id, ports, list: rows, people, retainSocket },
    participants: (id) =>
      conversations
        .get(id)
        ?.getSnapshot()
        .participants.map(({ user }) => user.id) ?? [],
  });

  function engineOf(consultationId: string): ConversationEngine {
    const onLeft = () => rows.forget(consultationId);
    return new ConversationEngine(ports, { consultationId, viewerId: viewer.id, onLeft });
  }

  /** What the server rendered of a conversation that has been running unseen. */
  function viewOf(initial: Snapshot): ConversationView {
    const engine = engineOf(initial.consultation.id);
    engine.offer(initial);
    return engine.getSnapshot();
  }

  /** As `viewOf`: the list runs on every page, for the notices. */
  function listViewOf(initial: readonly ConsultationRow[]): ConsultationListView {
    const rendered = new ConsultationList(ports, viewer.id);
    rendered.offer(initial);
    return rendered.getSnapshot();
  }

  function openConversation(consultationId: string): Shared<ConversationView, ConversationEngine> {
    const engine = engineOf(consultationId);
    const onIdle = () => rest(consultationId);
    const conversation = new Shared<ConversationView, ConversationEngine>(engine, { ...shared, onIdle });
    conversations.set(consultationId, conversation);
    return conversation;
  }

  function conversationOf(consultationId: string): Shared<ConversationView, ConversationEngine> {
    // UI4: where the list knows of it no more, nothing of it may be shown.
    const isOurs = rows.getSnapshot().rows?.some(({ id }) => id === consultationId) ?? true;
    if (atRest.delete(consultationId) && !isOurs) conversations.delete(consultationId);
    return conversations.get(consultationId) ?? openConversation(consultationId);
  }

  /** What was loaded of it stays: the way back to it may have to do without a connection. */
  function rest(consultationId: string): void {
    atRest.add(consultationId);
    const [oldest] = atRest;
    const engine = conversations.get(consultationId)?.target;
    engine?.keepNewest();
    const isWorthKeeping = engine?.getSnapshot().consultation;
    const dropped = !isWorthKeeping ? consultationId : atRest.size > MOST_AT_REST ? oldest : undefined;
    if (dropped === undefined) return;
    atRest.delete(dropped);
    conversations.delete(dropped);
  }

  const { drafts } = ports.queue;
  const stopFinishing =
    typeof window === "undefined"
      ? null
      : finishKeptCommands(ports, (consultationId) => conversationOf(consultationId).finish());

  return {
    viewer,
    ports,
    drafts,
    forms: new Map(),
    unsent: ports.queue.counts,
    socket,
    live,
    retainSocket,
    conversation(consultationId, initial) {
      const conversation = conversationOf(consultationId);
      if (initial && conversation.running && conversation.unseen) conversation.renderedAs(viewOf(initial));
      if (initial) conversation.target.offer(initial);
      return conversation;
    },
    list(initial) {
      if (initial && list.running && list.unseen) list.renderedAs(listViewOf(initial));
      if (initial) list.target.offer(initial);
      return list;
    },
    async readUnsent() {
      const begun = [...(await drafts.load())]
        .filter(([place]) => !isAnnounced(place))
        .map(([place, text]) => ({ consultationId: consultationOf(place), text }));
      const roomsOfDrafts = begun.map(({ consultationId }) => consultationId);
      const consultationIds = new Set([...(await ports.queue.consultationIds()), ...roomsOfDrafts]);
      const unsent = [...consultationIds].map(async (consultationId) => {
        const texts = (await ports.queue.list(consultationId)).flatMap((command) => wordsOf(command) ?? []);
        const here = begun.filter((draft) => draft.consultationId === consultationId).map(({ text }) => text);
        return { consultationId, texts, ...(here.length > 0 ? { drafts: here } : {}) };
      });
      return (await Promise.all(unsent)).filter((words) => words.texts.length > 0 || words.drafts);
    },
    wouldLoseWords: () => ports.queue.inMemoryOnly() || drafts.inMemoryOnly(),
    async wipe() {
      drafts.forget();
      await ports.queue.wipe();
    },
    close() {
      stopFinishing?.();
      for (const conversation of [...conversations.values()]) conversation.close();
      live.close();
      list.close();
      socket.close();
      stopSocket?.();
      stopSocket = null;
      ports.transport.close();
      ports.queue.close();
    },
  };
}

const holder = globalThis as { __murphChatClient?: ChatClient | undefined };

/** The client of this tab. On a server each rendering has its own: there a shared one would mix people up. */
export function chatClientOf(viewer: User): ChatClient {
  if (typeof window === "undefined") return createChatClient(viewer);
  if (holder.__murphChatClient?.viewer.id !== viewer.id) {
    holder.__murphChatClient?.close();
    void wipeQueuesOfOthers(viewer.id);
    holder.__murphChatClient = createChatClient(viewer);
  }
  return holder.__murphChatClient;
}
