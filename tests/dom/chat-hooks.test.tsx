import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ChatProviders } from "@/components/ChatProviders";
import { useConsultationList } from "@/hooks/useConsultationList";
import { usePresence } from "@/hooks/usePresence";
import { usePusher } from "@/hooks/usePusher";
import { usePusherSubscription } from "@/hooks/usePusherSubscription";
import { useRealtimeMessages } from "@/hooks/useRealtimeMessages";
import { chatClientOf } from "@/lib/browser/create-chat-client";
import type { Parts } from "@/lib/jsx/content";
import { consultationChannel, userChannel } from "@/lib/protocol/channels";
import type { Snapshot } from "@/lib/protocol/snapshot";
import { pusherClient } from "@/lib/pusher/client";
import { startChatOrigin } from "@/tests/support/chat-origin";
import { ANNA, CONSULTATION_ID, WEBER } from "@/tests/support/sim/server-model";

type Origin = Awaited<ReturnType<typeof startChatOrigin>>;
type HappyWindow = Window & { happyDOM: { setURL(url: string): void } };

const CHANNEL = consultationChannel(CONSULTATION_ID);
const AUTH = `POST /api/pusher/auth ${CHANNEL}`;
const PATIENCE = { timeout: 10_000 };

let origin: Origin;
beforeAll(async () => {
  origin = await startChatOrigin(ANNA);
  (window as unknown as HappyWindow).happyDOM.setURL(`${origin.url}/consultations/${CONSULTATION_ID}`);
});
afterAll(() => origin.close());

beforeEach(() => {
  origin.requests.length = 0;
});
// Another person's client ends this one's connection, as signing in as somebody else does.
afterEach(async () => {
  cleanup();
  chatClientOf(WEBER).close();
  await waitFor(async () => expect(await origin.occupied()).toEqual([]), PATIENCE);
}, 15_000);

let nextId = 0;
function say(content: string): void {
  nextId += 1;
  const id = `01900000-0000-7000-8000-${String(nextId).padStart(12, "0")}`;
  const result = origin.model.send(WEBER, {
    id,
    consultationId: CONSULTATION_ID,
    content,
    replyToId: null,
    attachmentIds: [],
  });
  expect(result.ok).toBe(true);
}

let send: (content: string) => Promise<unknown> = async () => {};

function Room({ initial }: { initial?: Snapshot }) {
  const { items, status, send: sendMessage } = useRealtimeMessages(CONSULTATION_ID, initial);
  send = sendMessage;
  return (
    <section data-status={status}>
      {items.map(({ key, message, pending, delivery }) => (
        <p key={key} data-key={key} data-delivery={delivery ?? ""}>
          {message?.content ?? pending?.content}
        </p>
      ))}
    </section>
  );
}

function inProviders(children: Parts) {
  return <ChatProviders currentUser={ANNA}>{children}</ChatProviders>;
}

async function live(): Promise<void> {
  await waitFor(() => expect(document.querySelector("[data-status=live]")).not.toBeNull(), PATIENCE);
}

describe("useRealtimeMessages", { timeout: 30_000 }, () => {
  it("C1 StrictMode: one authorisation, one subscription, and a message of another arrives by push", async () => {
    render(<StrictMode>{inProviders(<Room />)}</StrictMode>);
    await live();
    say("hello Anna");
    await screen.findByText("hello Anna", {}, PATIENCE);
    expect(origin.count(AUTH)).toBe(1);
    expect(origin.count("GET /api/pusher/config")).toBe(1);
    expect(await origin.occupied()).toEqual([CHANNEL]);
  });

  it("B4 one element from the composer to the confirmed row", async () => {
    render(inProviders(<Room />));
    await live();
    await act(() => send("mine"));
    const bubble = await screen.findByText("mine", {}, PATIENCE);
    await waitFor(() => expect(bubble.dataset.delivery).toBe("sent"), PATIENCE);
    expect(screen.getAllByText("mine")).toEqual([bubble]);
    expect(bubble.isConnected).toBe(true);
  });

  it("A5 hydration renders what the server rendered, without a word of protest, and then goes live", async () => {
    const initial = origin.model.readSnapshot();
    const container = document.createElement("div");
    document.body.append(container);
    container.innerHTML = renderToString(inProviders(<Room initial={initial} />));
    const markup = container.innerHTML;
    expect(markup).toContain("hello Anna");
    const complaints = vi.spyOn(console, "error");
    say("between rendering and hydration");
    const onRecoverableError = vi.fn();
    const root = await act(() =>
      hydrateRoot(container, inProviders(<Room initial={initial} />), { onRecoverableError }),
    );
    await live();
    await screen.findByText("between rendering and hydration", {}, PATIENCE);
    expect(onRecoverableError).not.toHaveBeenCalled();
    expect(complaints).not.toHaveBeenCalled();
    expect(origin.count(`GET /api/consultations/${CONSULTATION_ID}`)).toBe(0);
    complaints.mockRestore();
    act(() => root.unmount());
    container.remove();
  });

  it("A5 SND1 hydration also renders what the server rendered while kept words were being sent unseen", async () => {
    const initial = origin.model.readSnapshot();
    const container = document.createElement("div");
    document.body.append(container);
    container.innerHTML = renderToString(inProviders(<Room initial={initial} />));
    say("came while it ran unseen");
    const unseen = chatClientOf(ANNA).conversation(CONSULTATION_ID);
    unseen.finish();
    await waitFor(() => expect(unseen.getSnapshot().items.at(-1)?.message?.content).toMatch(/unseen/), PATIENCE);
    const onRecoverableError = vi.fn();
    const root = await act(() =>
      hydrateRoot(container, inProviders(<Room initial={initial} />), { onRecoverableError }),
    );
    await screen.findByText("came while it ran unseen", {}, PATIENCE);
    expect(onRecoverableError).not.toHaveBeenCalled();
    act(() => root.unmount());
    container.remove();
  });
});

describe("usePusherSubscription", { timeout: 30_000 }, () => {
  function Listener({ channel, onHear }: { channel: string | null; onHear(data: unknown): void }) {
    usePusherSubscription(channel, { events: { "new-message": onHear } });
    return null;
  }

  it("C1 a thousand mount cycles leave one subscription while one is mounted, one connection, and nothing at the end", async () => {
    const heard = vi.fn();
    render(inProviders(<Listener channel={CHANNEL} onHear={heard} />));
    await waitFor(async () => expect(await origin.occupied()).toEqual([CHANNEL]), PATIENCE);
    const { pusher } = await pusherClient(ANNA.id);
    const channel = pusher.channel(CHANNEL);
    const bindings = () =>
      Object.values(channel.callbacks._callbacks).reduce((sum, callbacks) => sum + callbacks.length, 0);
    const before = bindings();
    for (let cycle = 0; cycle < 1_000; cycle += 1) {
      const { unmount } = render(inProviders(<Listener channel={CHANNEL} onHear={() => {}} />));
      unmount();
    }
    expect(bindings()).toBe(before);
    expect(origin.count(AUTH)).toBe(1);
    expect(origin.count("GET /api/pusher/config")).toBe(1);
    expect(pusher.allChannels().map(({ name }) => name)).toEqual([CHANNEL]);
    say("after a thousand");
    await waitFor(() => expect(heard).toHaveBeenCalledTimes(1), PATIENCE);
    cleanup();
    await waitFor(() => expect(pusher.allChannels()).toEqual([]), PATIENCE);
  });

  it("C1 the latest handlers are called, a change of channel moves the subscription, null ends it", async () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const { rerender } = render(inProviders(<Listener channel={CHANNEL} onHear={first} />));
    await waitFor(async () => expect(await origin.occupied()).toEqual([CHANNEL]), PATIENCE);
    rerender(inProviders(<Listener channel={CHANNEL} onHear={second} />));
    say("to the second");
    await waitFor(() => expect(second).toHaveBeenCalledTimes(1), PATIENCE);
    expect(first).not.toHaveBeenCalled();
    expect(origin.count(AUTH)).toBe(1);
    rerender(inProviders(<Listener channel={userChannel(ANNA.id)} onHear={second} />));
    await waitFor(async () => expect(await origin.occupied()).toEqual([userChannel(ANNA.id)]), PATIENCE);
    rerender(inProviders(<Listener channel={null} onHear={second} />));
    await waitFor(async () => expect(await origin.occupied()).toEqual([]), PATIENCE);
  });
});

it("CON1 usePusher, useConsultationList and usePresence share the one connection", { timeout: 30_000 }, async () => {
  function Overview() {
    const { status } = usePusher();
    const { rows } = useConsultationList();
    const { userIds } = usePresence(CONSULTATION_ID);
    return <output>{JSON.stringify({ status, subjects: rows.map(({ subject }) => subject), userIds })}</output>;
  }
  render(<StrictMode>{inProviders(<Overview />)}</StrictMode>);
  const expected = JSON.stringify({ status: "live", subjects: ["Follow-up"], userIds: [ANNA.id] });
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe(expected), PATIENCE);
  expect(origin.count("GET /api/pusher/config")).toBe(1);
});
