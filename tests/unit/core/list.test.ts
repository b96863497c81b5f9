import { expect, it } from "vitest";
import { mergeRow, replaceRows } from "@/lib/core/list";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { ANNA, ServerModel } from "@/tests/support/sim/server-model";

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

it("RCV7 rows stand by last activity, newest first, and a tie has one order", () => {
  const old = row("a", 1, 0, "2026-01-01T00:00:00.000Z");
  const newer = row("b", 1, 0, "2026-01-02T00:00:00.000Z");
  const same = row("c", 1, 0, "2026-01-02T00:00:00.000Z");
  expect([same, old, newer].reduce(mergeRow, [] as readonly ConsultationRow[]).map(({ id }) => id)).toEqual([
    "b",
    "c",
    "a",
  ]);
});

it("RCV7 a list replaces what it lacks and what went back, but not what was pushed while it was read", () => {
  const fetched = [row("a", 3, 0), row("b", 3, 0)];
  expect(replaceRows(fetched, [row("b", 4, 0)])).toEqual([row("a", 3, 0), row("b", 4, 0)]);
  expect(replaceRows(fetched, [row("b", 2, 0)])).toEqual(fetched);
});
