import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { HeaderPresence } from "@/components/chat/HeaderPresence";
import { ConsultationRowLink } from "@/components/list/ConsultationRowLink";
import { PersonEntry } from "@/components/people/PersonEntry";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import type { ConsultationRow, Participant } from "@/lib/protocol/snapshot";
import { ANNA, CONSULTATION_ID, WEBER } from "@/tests/support/sim/server-model";

afterEach(cleanup);

const LATELY = new Date().toISOString();
const position = { userId: WEBER.id, deliveredUpToSeq: 0, readUpToSeq: 0, deliveredAt: null, readAt: null };
const weber: Participant = { user: WEBER, online: true, lastActiveAt: LATELY, position, invitation: null };
const away: Participant = { ...weber, online: false };
const row: ConsultationRow = {
  ...{ id: CONSULTATION_ID, status: "IN_PROGRESS", subject: "Knee", scheduledFor: null, lastMessage: null },
  ...{ unreadCount: 0, lastActivityAt: LATELY, headSeq: 1, readUpToSeq: 1, othersCount: 0, invitation: null },
  counterpart: { ...WEBER, online: true, lastActiveAt: LATELY },
};

/** Every place that says whether somebody is there. */
function shown(told: boolean) {
  const { container } = render(
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <HeaderPresence others={[weber]} here={[]} told={told} />
      <HeaderPresence others={[weber]} here={[WEBER.id]} told={told} />
      <HeaderPresence others={[away]} here={[]} told={told} />
      <HeaderPresence others={[weber, away]} here={[]} told={told} />
      <PersonEntry participant={weber} self={false} here={false} told={told} onRemove={null} />
      <PersonEntry participant={{ ...weber, user: ANNA }} self here told={told} onRemove={null} />
      <ConsultationRowLink row={row} viewerId={ANNA.id} open={false} told={told} unsent={0} draft={null} />
    </ViewpointProvider>,
  );
  const texts = [...container.querySelectorAll("span, p")].flatMap(({ childNodes }) =>
    [...childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ textContent }) => textContent ?? ""),
  );
  return {
    claims: texts.filter((text) => /online|in this conversation|last active/i.test(text)),
    unknown: texts.filter((text) => text === "Status unknown"),
    // The badge of a running consultation may be green, what stands for a person may not.
    dots: container.querySelectorAll("[class~='rounded-full'][class~='bg-success']").length,
  };
}

it("R8 UI7 C5 nobody is called online, here or away while nobody can tell us, in words or in green", () => {
  const told = shown(true);
  expect(told.claims).toHaveLength(7);
  expect(told.unknown).toEqual([]);
  cleanup();
  const untold = shown(false);
  expect(untold.claims).toEqual([]);
  expect(untold.unknown).toHaveLength(7);
  expect(told.dots - untold.dots).toBe(6);
});

it.each([
  ["declined", "Declined to take part"],
  ["withdrawn", "Invitation withdrawn"],
  ["left", "Takes part no more"],
] as const)(
  "R8 UI7 of somebody who takes part no more the list says so, and not whether they are there: %s",
  (left, words) => {
    const gone = { ...row, counterpart: { ...row.counterpart, left } };
    const { container } = render(
      <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
        <ConsultationRowLink row={gone} viewerId={ANNA.id} open={false} told unsent={0} draft={null} />
      </ViewpointProvider>,
    );
    expect(container.textContent).toContain(words);
    expect(container.textContent).not.toMatch(/online|offline|last active/i);
    expect(container.querySelector("[class~='border-surface'][class~='bg-success']")).toBeNull();
  },
);
