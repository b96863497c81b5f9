import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { Fragment } from "react";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ChatProviders } from "@/components/ChatProviders";
import { NoticeCorner } from "@/components/notices/Notices";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import { useConsultationList } from "@/hooks/useConsultationList";
import { useLiveParticipants } from "@/hooks/useLiveParticipants";
import { usePreferences } from "@/hooks/usePreferences";
import { useReadReceipts } from "@/hooks/useReadReceipts";
import { useRealtimeMessages } from "@/hooks/useRealtimeMessages";
import { useTypingIndicator } from "@/hooks/useTypingIndicator";
import { chatClientOf } from "@/lib/browser/create-chat-client";
import type { Parts } from "@/lib/jsx/content";
import { presenceChannel, userChannel } from "@/lib/protocol/channels";
import { startChatOrigin } from "@/tests/support/chat-origin";
import { connectPusher } from "@/tests/support/pusher-client";
import { ANNA, CONSULTATION_ID, WEBER } from "@/tests/support/sim/server-model";

type Origin = Awaited<ReturnType<typeof startChatOrigin>>;
type HappyWindow = Window & { happyDOM: { setURL(url: string): void } };

const ROOM = presenceChannel(CONSULTATION_ID);
const MINE = userChannel(ANNA.id);
const PATIENCE = { timeout: 10_000 };
const idOf = (seq: number) => `01900000-0000-7000-8000-${String(seq).padStart(12, "0")}`;

let origin: Origin;
beforeAll(async () => {
  origin = await startChatOrigin(ANNA);
  (window as unknown as HappyWindow).happyDOM.setURL(`${origin.url}/consultations`);
});
afterAll(() => origin.close());
beforeEach(() => {
  origin.requests.length = 0;
});
// Another person's client ends this one's connection, as signing in as somebody else does.
afterEach(async () => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  chatClientOf(WEBER).close();
  await waitFor(async () => expect(await origin.occupied()).toEqual([]), PATIENCE);
}, 15_000);

function inProviders(children: Parts) {
  return (
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <ChatProviders currentUser={ANNA}>{children}</ChatProviders>
    </ViewpointProvider>
  );
}

async function occupied(...channels: string[]): Promise<void> {
  await waitFor(async () => expect(await origin.occupied()).toEqual(expect.arrayContaining(channels)), PATIENCE);
}

function push(name: string, data: object): Promise<unknown> {
  return origin.pusher.trigger(MINE, name, { v: 1, ...data });
}

function lookAway(): void {
  vi.spyOn(document, "hasFocus").mockReturnValue(false);
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

function lookBack(): void {
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

describe("useTypingIndicator", { timeout: 30_000 }, () => {
  let typed = () => {};
  let rested = () => {};
  function Typists() {
    const { participants } = useRealtimeMessages(CONSULTATION_ID);
    const typing = useTypingIndicator(CONSULTATION_ID, participants);
    ({ typed, rested } = typing);
    return <p role="note">{typing.typists.map(({ name }) => name).join(" and ")}</p>;
  }

  async function joinAs(userId: string) {
    const pusher = connectPusher(origin.channels.key, origin.channels.port, async (socketId, channel) =>
      origin.pusher.authorizeChannel(socketId, channel, { user_id: userId }),
    );
    const channel = pusher.subscribe(ROOM);
    await new Promise((resolve) => channel.bind("pusher:subscription_succeeded", resolve));
    return { pusher, channel };
  }

  it("C3 ATK13 shows the participant that the server names, whoever the event says it is, until their tab is gone", async () => {
    render(inProviders(<Typists />));
    await occupied(ROOM);
    const weber = await joinAs(WEBER.id);
    const stranger = await joinAs("99999999-0000-4000-8000-000000000009");
    stranger.channel.trigger("client-typing-start", { userId: WEBER.id, name: "Dr. Weber" });
    weber.channel.trigger("client-typing-start", { userId: ANNA.id, name: "<b>Anna</b>" });
    await waitFor(() => expect(screen.getByRole("note").textContent).toBe("Dr. Weber"), PATIENCE);
    weber.channel.trigger("client-typing-stop", {});
    await waitFor(() => expect(screen.getByRole("note").textContent).toBe(""), PATIENCE);
    weber.channel.trigger("client-typing-start", {});
    await waitFor(() => expect(screen.getByRole("note").textContent).toBe("Dr. Weber"), PATIENCE);
    weber.pusher.disconnect();
    await waitFor(() => expect(screen.getByRole("note").textContent).toBe(""), PATIENCE);
    stranger.pusher.disconnect();
  });

  it("C3 the other hears from the server who I am, when I begin and when I stop", async () => {
    render(inProviders(<Typists />));
    await occupied(ROOM);
    const { pusher, channel } = await joinAs(WEBER.id);
    const heard: unknown[] = [];
    for (const name of ["client-typing-start", "client-typing-stop"]) {
      channel.bind(name, (data: unknown, metadata: unknown) => heard.push([name, data, metadata]));
    }
    await waitFor(() => {
      typed();
      expect(heard.length).toBeGreaterThan(0);
    }, PATIENCE);
    rested();
    await waitFor(() => expect(heard).toHaveLength(2), PATIENCE);
    expect(heard).toEqual([
      ["client-typing-start", {}, { user_id: ANNA.id }],
      ["client-typing-stop", {}, { user_id: ANNA.id }],
    ]);
    pusher.disconnect();
  });
});

it("C5 C7 a row and an open room show at once that somebody came or went", { timeout: 30_000 }, async () => {
  function Overview() {
    const { rows } = useConsultationList();
    const room = useRealtimeMessages(CONSULTATION_ID);
    const participants = useLiveParticipants(CONSULTATION_ID, room.participants);
    const online = [rows[0]?.counterpart.online, participants.find(({ user }) => user.id === WEBER.id)?.online];
    return <output>{JSON.stringify(online)}</output>;
  }
  render(inProviders(<Overview />));
  await occupied(MINE);
  const shown = () => screen.getByRole("status").textContent;
  await waitFor(() => expect(shown()).toBe("[false,false]"), PATIENCE);
  const tell = (status: string, lastActiveAt: string) =>
    push("user-status-change", { userId: WEBER.id, status, lastActiveAt });
  await tell("online", "2026-01-01T00:00:02.000Z");
  await waitFor(() => expect(shown()).toBe("[true,true]"), PATIENCE);
  await tell("offline", "2026-01-01T00:00:03.000Z");
  await waitFor(() => expect(shown()).toBe("[false,false]"), PATIENCE);
});

describe("being called", { timeout: 30_000 }, () => {
  const notify = (seq: number, preview: string) =>
    push("message-notification", {
      consultationId: CONSULTATION_ID,
      messageId: idOf(seq),
      seq,
      senderName: WEBER.name,
      preview,
    });
  const change = (seq: number, preview: string | null) =>
    push("message-notification-changed", { consultationId: CONSULTATION_ID, messageId: idOf(seq), preview });
  const nextSeq = () => origin.model.headSeq + 1 + Math.floor(performance.now());

  async function open(onOpen = vi.fn(), beside: Parts = null) {
    lookBack();
    render(
      inProviders(
        <Fragment>
          {beside}
          <NoticeCorner onOpen={onOpen} />
        </Fragment>,
      ),
    );
    await occupied(MINE);
    await waitFor(() => expect(origin.count("GET /api/preferences")).toBe(1), PATIENCE);
    return onOpen;
  }
  const toast = (text: string) => screen.findByRole("button", { name: new RegExp(text) }, PATIENCE);

  it("C6 a toast with name and first words, spoken once, leads to the conversation and goes with the click", async () => {
    const onOpen = await open();
    await notify(nextSeq(), "the results are here");
    const button = await toast("the results are here");
    expect(button.textContent).toContain(WEBER.name);
    await waitFor(
      () =>
        expect(
          screen
            .getAllByRole("status")
            .filter((region) => region.textContent?.includes("Dr. Weber: the results are here")),
        ).toHaveLength(1),
      PATIENCE,
    );
    expect(screen.getByRole("region", { name: /F8/ })).toBeDefined();
    fireEvent.click(button);
    expect(onOpen.mock.calls).toEqual([[CONSULTATION_ID]]);
    await waitFor(() => expect(screen.queryByText("the results are here")).toBeNull(), PATIENCE);
  });

  it("ATK104 edited words are replaced and deleted ones gone, wherever the toast has them", async () => {
    await open();
    const seq = nextSeq();
    await notify(seq, "words to regret");
    await toast("words to regret");
    await change(seq, "better words");
    await toast("better words");
    expect(document.querySelector("ol")?.innerHTML).not.toContain("regret");
    await change(seq, null);
    await waitFor(() => expect(screen.queryByText("better words")).toBeNull(), PATIENCE);
    await waitFor(() => expect(document.body.innerHTML).not.toMatch(/better words|regret/), PATIENCE);
  });

  it("C6 nothing while the conversation is being looked at", async () => {
    function Room() {
      useReadReceipts(CONSULTATION_ID);
      return null;
    }
    await open(vi.fn(), <Room />);
    const seq = nextSeq();
    await notify(seq, "seen as it comes");
    await push("message-notification", {
      consultationId: "e0000000-0000-4000-8000-000000000005",
      messageId: idOf(seq + 1),
      seq: seq + 1,
      senderName: "Dr. Okafor",
      preview: "from elsewhere",
    });
    await toast("from elsewhere");
    expect(screen.queryByText("seen as it comes")).toBeNull();
  });

  it("C6 ATK86 away, the browser calls without words, once, and a click leads to the conversation", async () => {
    const shown: { title: string; options: NotificationOptions | undefined; onclick: (() => void) | null }[] = [];
    const focus = vi.spyOn(window, "focus").mockImplementation(() => {});
    class FakeNotification {
      static permission = "granted";
      static requestPermission = vi.fn(async () => "granted");
      onclick: (() => void) | null = null;
      onclose: (() => void) | null = null;
      constructor(
        readonly title: string,
        readonly options?: NotificationOptions,
      ) {
        shown.push(this as (typeof shown)[number]);
      }
      close() {}
    }
    vi.stubGlobal("Notification", FakeNotification);
    function Switch() {
      const { save } = usePreferences();
      return (
        <button type="button" onClick={() => void save({ browserNotifications: true })}>
          switch on
        </button>
      );
    }
    const onOpen = await open(vi.fn(), <Switch />);
    fireEvent.click(screen.getByText("switch on"));
    await waitFor(() => expect(origin.count("PUT /api/preferences")).toBe(1), PATIENCE);
    lookAway();
    const seq = nextSeq();
    await notify(seq, "your result is positive");
    await waitFor(() => expect(shown).toHaveLength(1), PATIENCE);
    expect(shown[0]?.title).toBe("Murph");
    expect(shown[0]?.options).toMatchObject({ body: "New message", tag: idOf(seq) });
    expect(JSON.stringify(shown)).not.toContain("positive");
    expect(FakeNotification.requestPermission).not.toHaveBeenCalled();
    shown[0]?.onclick?.();
    expect(focus).toHaveBeenCalledTimes(1);
    expect(onOpen.mock.calls).toEqual([[CONSULTATION_ID]]);
    await notify(seq, "your result is positive");
    await notify(seq + 1, "second");
    await waitFor(() => expect(shown).toHaveLength(2), PATIENCE);
    await push("message-notification-changed", {
      consultationId: CONSULTATION_ID,
      messageId: idOf(seq),
      preview: null,
    });
  });

  it("C6 the browser's permission is asked for after a message in vain, by a click, and never again", async () => {
    const requestPermission = vi.fn(async () => "denied");
    const permission = vi.fn(() => "default");
    const notification = Object.defineProperty(Object.assign(vi.fn(), { requestPermission }), "permission", {
      get: permission,
    });
    vi.stubGlobal("Notification", notification);
    localStorage.clear();
    await open();
    expect(requestPermission).not.toHaveBeenCalled();
    lookAway();
    const seq = nextSeq();
    await notify(seq, "anybody there?");
    await waitFor(() => expect(permission).toHaveBeenCalled(), PATIENCE);
    lookBack();
    await screen.findByText("Somebody wrote while you were away", {}, PATIENCE);
    expect(requestPermission).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole("button", { name: "Yes, tell me" }));
    expect(requestPermission).toHaveBeenCalledTimes(1);
    await screen.findByText(/blocks notices/, {}, PATIENCE);
    expect(screen.queryByText("Somebody wrote while you were away")).toBeNull();
    lookAway();
    permission.mockClear();
    await notify(seq + 1, "still nobody?");
    await waitFor(() => expect(permission).toHaveBeenCalled(), PATIENCE);
    lookBack();
    await notify(seq + 2, "here you are");
    await toast("here you are");
    expect(screen.queryByText("Somebody wrote while you were away")).toBeNull();
  });

  it("C6 the count in the title follows the rows, keeps the title and goes with them", async () => {
    document.title = "Consultations · Murph";
    await open();
    const [row] = origin.model.listFor(ANNA);
    const update = (headSeq: number, unreadCount: number, readUpToSeq = 0) =>
      push("consultation-updated", {
        consultationId: CONSULTATION_ID,
        consultation: { ...row, headSeq, unreadCount, readUpToSeq },
      });
    await update(1_001, 3);
    await waitFor(() => expect(document.title).toBe("(3) Consultations · Murph"), PATIENCE);
    document.title = "Conversation · Murph";
    await waitFor(() => expect(document.title).toBe("(3) Conversation · Murph"), PATIENCE);
    await update(1_002, 150);
    await waitFor(() => expect(document.title).toBe("(99+) Conversation · Murph"), PATIENCE);
    await update(1_002, 0, 1_002);
    await waitFor(() => expect(document.title).toBe("Conversation · Murph"), PATIENCE);
  });
});
