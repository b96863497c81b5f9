import { describe, expect, it } from "vitest";
import { createDayOf, timelineRows } from "@/components/chat/timeline-rows";
import type { TimelineItem } from "@/lib/core/timeline";
import type { User } from "@/lib/protocol/user";
import { anna, said as message, unsent, weber } from "./timeline-item";

const berlin = createDayOf({ locale: "de", zone: "Europe/Berlin", zoneKnown: true });
const now = Date.parse("2026-11-21T12:00:00.000Z");

const said = (seq: number, sender: User, createdAt: string) => message(seq, sender, { createdAt });

const shape = (items: TimelineItem[], groupStarts: string[] = []) =>
  timelineRows(items, berlin, now, new Set(groupStarts)).map((row) =>
    row.kind === "message" ? `${row.key}${row.first ? " first" : ""}${row.last ? " last" : ""}` : row.key,
  );

describe("A5 rows of the timeline", () => {
  it("A5 groups one sender's messages within five minutes", () => {
    expect(
      shape([
        said(1, weber, "2026-11-21T10:00:00.000Z"),
        said(2, weber, "2026-11-21T10:04:59.000Z"),
        said(3, weber, "2026-11-21T10:10:00.000Z"),
        said(4, anna, "2026-11-21T10:10:01.000Z"),
      ]),
    ).toEqual(["day-2026-11-21", "m1 first", "m2 last", "m3 first last", "m4 first last"]);
  });

  it("D1 a message that once stood first keeps its name when an older page joins its group", () => {
    const page = [said(3, weber, "2026-11-21T10:02:00.000Z"), said(4, weber, "2026-11-21T10:03:00.000Z")];
    const older = [said(1, weber, "2026-11-21T10:00:00.000Z"), said(2, weber, "2026-11-21T10:01:00.000Z")];
    expect(shape([...older, ...page], ["m3"])).toEqual([
      ...["day-2026-11-21", "m1 first", "m2 last", "m3 first", "m4 last"],
    ]);
  });

  it("A5 divides days in the viewer's zone, not in UTC", () => {
    expect(shape([said(1, weber, "2026-11-20T22:59:00.000Z"), said(2, weber, "2026-11-20T23:00:00.000Z")])).toEqual([
      "day-2026-11-20",
      "m1 first last",
      "day-2026-11-21",
      "m2 first last",
    ]);
  });

  it("SEQ2 unsent messages are never dated before what stands above them", () => {
    const late = said(1, anna, "2026-11-22T12:00:00.000Z");
    expect(shape([late, unsent("u1")])).toEqual(["day-2026-11-22", "m1 first", "u1 last"]);
  });
});
