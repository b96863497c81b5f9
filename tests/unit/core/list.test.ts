import { expect, it } from "vitest";
import { inListOrder, mergeRow, replaceRows } from "@/lib/core/list";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { ANNA, ServerModel, WEBER } from "@/tests/support/sim/server-model";

const [template] = new ServerModel().listFor(ANNA) as [ConsultationRow];

function row(
  id: string,
  headSeq: number,
  readUpToSeq: number,
  lastActivityAt = "2026-01-01T00:00:00.000Z",
): ConsultationRow {
  return { ...template, id, headSeq, readUpToSeq, lastActivityAt };
}

it("RCV7 an older row changes nothing, in either number", () => {
  const rows = [row("a", 5, 3)];
  expect(mergeRow(rows, row("a", 4, 4))).toBe(rows);
  expect(mergeRow(rows, row("a", 5, 2))).toBe(rows);
  expect(mergeRow(rows, row("a", 5, 4))).toEqual([row("a", 5, 4)]);
  expect(mergeRow(rows, row("a", 6, 3))).toEqual([row("a", 6, 3)]);
});

it("R8 C7 what runs comes first, by need; then appointments by their time; then what is over; a tie has one order", () => {
  const day = (number: number) => `2026-01-${String(number).padStart(2, "0")}T00:00:00.000Z`;
  const message = (senderId: string) => ({
    ...{ id: "00000000-0000-7000-8000-000000000001", seq: 1, senderId, preview: "Words", createdAt: day(1) },
  });
  const made = (id: string, active: number, change: Partial<ConsultationRow>): ConsultationRow => ({
    ...{ ...template, id, unreadCount: 0, lastMessage: null, lastActivityAt: day(active), ...change },
  });
  const running = { status: "IN_PROGRESS" } as const;
  const planned = (time: number | null) =>
    ({ status: "SCHEDULED", scheduledFor: time === null ? null : day(time) }) as const;
  const expected = [
    made("unread, of late", 5, { ...running, unreadCount: 1, lastMessage: message(WEBER.id) }),
    made("unread, of old", 2, { ...running, unreadCount: 7, lastMessage: message(WEBER.id) }),
    made("read, and mine to answer", 3, { ...running, lastMessage: message(WEBER.id) }),
    made("answered", 9, { ...running, lastMessage: message(ANNA.id) }),
    made("nothing said", 8, running),
    made("overdue", 1, planned(1)),
    made("next week", 1, planned(10)),
    made("next month", 20, planned(28)),
    made("without a time", 21, planned(null)),
    made("cancelled of late", 15, { status: "CANCELLED" }),
    made("over a", 14, { status: "COMPLETED" }),
    made("over b", 14, { status: "COMPLETED" }),
    made("over, and unread", 13, { status: "COMPLETED", unreadCount: 1 }),
  ];
  for (const shuffled of [expected.toReversed(), [...expected.slice(5), ...expected.slice(0, 5)]]) {
    expect(inListOrder(shuffled, ANNA.id).map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  }
});

it("RCV7 a list replaces what it lacks and what went back, but not what was pushed while it was read", () => {
  const fetched = [row("a", 3, 0), row("b", 3, 0)];
  expect(replaceRows(fetched, [row("b", 4, 0)])).toEqual([row("a", 3, 0), row("b", 4, 0)]);
  expect(replaceRows(fetched, [row("b", 2, 0)])).toEqual(fetched);
});
