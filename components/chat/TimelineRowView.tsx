"use client";

import { memo } from "react";
import { Arrival } from "./Arrival";
import { ChatMessage } from "./ChatMessage";
import { DayDivider } from "./DayDivider";
import { SystemMessage } from "./SystemMessage";
import type { TimelineRow } from "./timeline-rows";
import { UnreadDivider } from "./UnreadDivider";

interface TimelineRowViewProps {
  row: TimelineRow;
  focusable: boolean;
  newestOwn: boolean;
  highlighted: boolean;
  isArriving(key: string, seq: number | null): boolean;
  arrived(key: string): void;
}

function TimelineRowContent(props: TimelineRowViewProps) {
  const { row, focusable, newestOwn, highlighted, isArriving, arrived } = props;
  if (row.kind === "unread") return <UnreadDivider count={row.count} />;
  if (row.kind === "day") return <DayDivider time={row.time} />;
  const seq = row.kind === "system" ? row.message.seq : (row.item.message?.seq ?? null);
  return (
    <Arrival arriving={isArriving(row.key, seq)} onArrived={() => arrived(row.key)}>
      {row.kind === "system" ? (
        <SystemMessage message={row.message} focusable={focusable} />
      ) : (
        <ChatMessage
          item={row.item}
          first={row.first}
          last={row.last}
          newestOwn={newestOwn}
          focusable={focusable}
          highlighted={highlighted}
        />
      )}
    </Arrival>
  );
}

/** Rows are made anew at each change; what they show mostly is not. */
function sameRow(before: TimelineRow, after: TimelineRow): boolean {
  if (before.kind === "day" && after.kind === "day") return before.key === after.key;
  if (before.kind === "system" && after.kind === "system") return before.message === after.message;
  if (before.kind === "unread" && after.kind === "unread") return before.count === after.count;
  return (
    before.kind === "message" &&
    after.kind === "message" &&
    before.item === after.item &&
    before.first === after.first &&
    before.last === after.last
  );
}

export const TimelineRowView = memo(
  TimelineRowContent,
  (before, after) =>
    sameRow(before.row, after.row) &&
    before.focusable === after.focusable &&
    before.newestOwn === after.newestOwn &&
    before.highlighted === after.highlighted,
);
