import { cleanup, render } from "@testing-library/react";
import { Ban } from "lucide-react";
import { Tooltip } from "radix-ui";
import { Fragment, memo, type ReactElement } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CharactersLeft } from "@/components/chat/CharactersLeft";
import { ChatHeader } from "@/components/chat/ChatHeader";
import { ChatMessage } from "@/components/chat/ChatMessage";
import { ConnectionIndicator } from "@/components/chat/ConnectionIndicator";
import { JumpToLatest } from "@/components/chat/JumpToLatest";
import { type RoomActions, RoomContext } from "@/components/chat/RoomContext";
import { TypingLine } from "@/components/chat/TypingLine";
import { UnreadDivider } from "@/components/chat/UnreadDivider";
import { ConsultationRowLink } from "@/components/list/ConsultationRowLink";
import { PresenceWords } from "@/components/people/PresenceWords";
import { SavedWords } from "@/components/settings/SavedWords";
import { CopyButton } from "@/components/ui/CopyButton";
import { Notice } from "@/components/ui/Notice";
import { StatusBadge } from "@/components/ui/StatusBadge";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import type { Message } from "@/lib/protocol/message";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { looseTexts, translate } from "@/tests/support/translator";
import { anna, changed, said, unsent, weber } from "@/tests/unit/components/timeline-item";

afterEach(() => cleanup());

const AT = "2026-11-28T12:00:00.000Z";
const LATER = "2026-11-28T13:30:00.000Z";
const LINK = "https://murph.example/leaflet";

const room: RoomActions = {
  viewerId: anna.id,
  writable: true,
  allowed: () => [],
  reply: vi.fn(),
  edit: vi.fn(),
  askDelete: vi.fn(),
  toggle: vi.fn(),
  jump: vi.fn(),
  nameOf: (id) => (id === weber.id ? weber.name : anna.name),
  unsent: { retry: vi.fn(), edit: vi.fn(), discard: vi.fn() },
};

function seen(child: ReactElement): ReactElement {
  return (
    <ViewpointProvider locale="en" zone="UTC" renderedAt={Date.parse(AT)}>
      <Tooltip.Provider>
        <RoomContext value={room}>{child}</RoomContext>
      </Tooltip.Provider>
    </ViewpointProvider>
  );
}

function bubble(item: TimelineItem): ReactElement {
  return <ChatMessage item={item} first last newestOwn focusable highlighted={false} />;
}
const mine = (message: Partial<Message>, more: Partial<TimelineItem> = {}) =>
  bubble({ ...said(1, anna, message), delivery: "sent", ...more });

const row: ConsultationRow = {
  ...{ id: "33333333-3333-4333-8333-333333333333", status: "SCHEDULED", subject: "Knee", scheduledFor: AT },
  ...{ counterpart: { ...weber, online: false, lastActiveAt: null }, othersCount: 1, invitation: null },
  ...{ lastMessage: null, unreadCount: 0, lastActivityAt: AT, headSeq: 0, readUpToSeq: 0 },
};
function listed(more: Partial<ConsultationRow>, unsent = 0, draft: string | null = null): ReactElement {
  const whole = { ...row, ...more };
  return (
    <ul>
      <ConsultationRowLink row={whole} viewerId={anna.id} open={false} told {...{ unsent, draft }} />
    </ul>
  );
}
const last = (preview: string) => ({ id: "m", seq: 1, senderId: weber.id, preview, createdAt: AT });
const present = { user: weber, online: false, lastActiveAt: null, position: { deliveredSeq: 0, readSeq: 0 } };

function headed(status: ConsultationRow["status"], people: (typeof weber)[], online: boolean): ReactElement {
  const others = people.map((user) => ({ ...present, user, online, position: {} as never, invitation: null }));
  return (
    <ChatHeader
      consultation={{ status, subject: "Knee" }}
      {...{ people, others, here: [], told: true, backHref: undefined }}
    >
      <ConnectionIndicator status={online ? "live" : "polling"} />
    </ChatHeader>
  );
}

describe("W1 where a translator has been, a change shows what is true now", () => {
  it.each<[string, ReactElement, ReactElement]>([
    ["words", mine({ content: "Take 5 mg" }), mine({ content: "Take 50 mg", editedAt: LATER })],
    ["a link that goes", mine({ content: `Take 5 mg, see ${LINK} now` }), mine({ content: "Take 50 mg now" })],
    ["a link that comes", mine({ content: "Take 5 mg now" }), mine({ content: `Take 50 mg, see ${LINK} now` })],
    ["words around a link", mine({ content: `Take 5 mg ${LINK} now` }), mine({ content: `No ${LINK} later` })],
    ["a message that goes", mine({ content: "Take 5 mg" }), mine({ content: null, deletedAt: LATER })],
    ["a delivery", mine({}, { delivery: "sent" }), mine({}, { delivery: "read", deliveryAt: LATER })],
    ["a message that is sent", bubble(unsent("m1")), bubble({ ...said(1, anna), delivery: "sent" })],
    ["a message that is refused", bubble(unsent("m1")), bubble(unsent("m1", "parked"))],
    ["a change under way", bubble(said(1, anna)), bubble(changed(said(1, anna), { content: "y" }))],
    [
      "a change that is refused",
      bubble(changed(said(1, anna), { content: "y" })),
      bubble(changed(said(1, anna), { state: "parked", reason: "edit-window-closed", content: "y" })),
    ],
    [
      "a reaction's count",
      mine({ reactions: [{ emoji: "👍", userIds: [weber.id] }] }),
      mine({ reactions: [{ emoji: "👍", userIds: [weber.id, anna.id] }] }),
    ],
    ["a row's unread count", listed({ unreadCount: 1 }), listed({ unreadCount: 2, lastMessage: last("Yes") })],
    ["a row that is read", listed({ unreadCount: 2, lastMessage: last("Yes") }), listed({ lastMessage: last("No") })],
    ["a row's draft", listed({}, 0, "Dear"), listed({}, 1, null)],
    ["a row's draft that comes", listed({ lastMessage: last("Yes") }), listed({ lastMessage: last("Yes") }, 2, "Dear")],
    [
      "a row's status",
      listed({}),
      listed({ status: "IN_PROGRESS", counterpart: { ...weber, online: true, lastActiveAt: AT } }),
    ],
    ["the header", headed("SCHEDULED", [weber], false), headed("IN_PROGRESS", [weber], true)],
    ["the header's people", headed("IN_PROGRESS", [weber], true), headed("IN_PROGRESS", [weber, anna], true)],
    ["who writes", <TypingLine key="a" names={["Anna"]} />, <TypingLine key="a" names={["Anna", "Weber"]} />],
    ["who stopped writing", <TypingLine key="a" names={["Anna"]} />, <TypingLine key="a" names={[]} />],
    ["a status", <StatusBadge key="a" status="SCHEDULED" />, <StatusBadge key="a" status="COMPLETED" />],
    [
      "a presence",
      <PresenceWords key="a" online lastActiveAt={AT} told />,
      <PresenceWords key="a" online={false} lastActiveAt={AT} told />,
    ],
    ["characters left", <CharactersLeft key="a" id="a" left={7} />, <CharactersLeft key="a" id="a" left={-1} />],
    ["a divider", <UnreadDivider key="a" count={2} />, <UnreadDivider key="a" count={12} />],
    [
      "new messages below",
      <JumpToLatest key="a" shown newMessages={0} onJump={vi.fn()} />,
      <JumpToLatest key="a" shown newMessages={3} onJump={vi.fn()} />,
    ],
    [
      "what was saved",
      <SavedWords key="a" saving={{ state: "saving" }} posted={{ status: "idle" }} />,
      <SavedWords key="a" saving={{ state: "saved" }} posted={{ status: "idle" }} />,
    ],
  ])("%s", (_what, before, after) => {
    const fresh = render(seen(after));
    const expected = fresh.container.textContent;
    fresh.unmount();
    const { container, rerender } = render(seen(before));
    expect(looseTexts()).toEqual([]);
    translate(container);
    rerender(seen(after));
    expect(container.textContent).toBe(expected);
    expect(looseTexts()).toEqual([]);
    rerender(seen(before));
    translate(container);
    rerender(seen(after));
    expect(container.textContent).toBe(expected);
  });
});

describe("W1 the compiler refuses text that React would hold by its node", () => {
  const word: string | null = "word";
  const Worded = () => word;
  const Remembered = memo(Worded);
  const refused = () => [
    // @ts-expect-error beside an element
    <p key="">
      {word}
      <b />
    </p>,
    // @ts-expect-error written, beside an element
    <p key="">
      <b /> words
    </p>,
    // @ts-expect-error beside text
    <p key="">
      {word} {word}
    </p>,
    // @ts-expect-error where it is there at times
    <p key="">
      {word ? <b /> : null}
      {word && word.length > 3 ? word : null}
    </p>,
    // @ts-expect-error in a list
    <p key="">{[word].map((one) => one)}</p>,
    <p key="">
      {/* @ts-expect-error in a fragment */}
      <Fragment key="">{word}</Fragment>
    </p>,
    <Notice key="" icon={Ban} title="">
      {/* @ts-expect-error given to a component that puts it beside something */}
      {word}
    </Notice>,
    <Tooltip.Root key="">
      {/* @ts-expect-error given to a component of a library */}
      <Tooltip.Content>{word}</Tooltip.Content>
    </Tooltip.Root>,
    // @ts-expect-error made by a component
    <Worded key="" />,
    // @ts-expect-error made by a component that is remembered
    <Remembered key="" />,
  ];
  const taken = () => [
    <p key="a">{word}</p>,
    <p key="b">{word ? word : <b />}</p>,
    <p key="c">
      <b>{word}</b>
      {word ? <b>{1}</b> : null}
    </p>,
    <CopyButton key="d" words={{ copy: "", copied: "" }} text={() => ""} />,
  ];

  it("and takes what stands alone in its element", () => {
    expect([refused, taken]).toHaveLength(2);
    const { container } = render(seen(<div>{taken().slice(0, 3)}</div>));
    expect(looseTexts()).toEqual([]);
    expect(container.textContent).toBe("wordwordword1");
  });
});
