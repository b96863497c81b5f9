import { describe, expect, it } from "vitest";
import { nextRow } from "@/components/chat/timeline-navigation";
import { createDayOf, timelineRows } from "@/components/chat/timeline-rows";
import { unreadMark } from "@/components/chat/useUnreadMark";
import { anna, said, unsent, weber } from "./timeline-item";

const read2 = { readSeq: 2, headSeq: 5 };
const conversation = [said(1, weber), said(2, anna), said(3, weber), said(4, weber), said(5, weber)];

describe("D2 the unread divider", () => {
  it("D2 stands before the first message of others beyond my position and counts those", () => {
    expect(unreadMark(conversation, false, read2)).toEqual({ key: "m3", count: 3 });
    expect(unreadMark(conversation, false, { readSeq: 5, headSeq: 5 })).toBeNull();
    expect(unreadMark(conversation, false, { readSeq: 0, headSeq: 5 })).toEqual({ key: "m1", count: 4 });
  });

  it("D2 deleted messages, system lines and my own are not unread", () => {
    const items = [
      said(1, anna),
      said(2, weber, { content: null }),
      said(3, weber, { kind: "system" }),
      said(4, weber),
    ];
    expect(unreadMark(items, false, { readSeq: 0, headSeq: 4 })).toEqual({ key: "m4", count: 1 });
  });

  it("D2 stays while more comes, and goes once I have answered", () => {
    const more = [...conversation, said(6, weber)];
    expect(unreadMark(more, false, read2)).toEqual({ key: "m3", count: 3 });
    expect(unreadMark([...more, unsent("u")], false, read2)).toBeNull();
    expect(unreadMark([...more, said(7, anna)], false, read2)).toBeNull();
  });

  it("D2 waits while the first unread message may lie above what is loaded", () => {
    const window = conversation.slice(3);
    expect(unreadMark(window, true, read2)).toBeNull();
    expect(unreadMark(window, false, read2)).toEqual({ key: "m4", count: 2 });
    expect(unreadMark(conversation.slice(1), true, read2)).toEqual({ key: "m3", count: 3 });
  });

  it("D2 divides a group, and arrows step over it", () => {
    const dayOf = createDayOf({ locale: "en", zone: "UTC", zoneKnown: true });
    const rows = timelineRows(conversation, dayOf, 0, new Set(), { key: "m4", count: 2 });
    const shape = rows.map((row) => (row.kind === "message" && row.first ? `${row.key} first` : row.key));
    expect(shape).toEqual(["day-2026-11-21", "m1 first", "m2 first", "m3 first", "unread", "m4 first", "m5"]);
    expect(nextRow(rows, 3, "ArrowDown")).toBe("m4");
    expect(nextRow(rows, 5, "ArrowUp")).toBe("m3");
  });
});
