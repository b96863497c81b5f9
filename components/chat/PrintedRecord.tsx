"use client";

import { createPortal } from "react-dom";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { RealtimeMessages } from "@/hooks/useRealtimeMessages";
import type { TimelineItem } from "@/lib/core/timeline";
import { fullTime } from "@/lib/i18n/time";
import type { User } from "@/lib/protocol/user";
import { PrintedHeader } from "./PrintedHeader";
import { PrintedMessage } from "./PrintedMessage";
import { PrintedUnsent } from "./PrintedUnsent";

interface PrintedRecordProps {
  room: RealtimeMessages;
  items: readonly TimelineItem[];
  viewer: User;
  printedAt: number;
}

/** What a printer gets of a conversation, in place of the screen: all that is loaded, and what is not in it. */
export function PrintedRecord({ room, items, viewer, printedAt }: PrintedRecordProps) {
  const { view, words } = useViewpoint();
  const { print } = words;
  const { consultation, participants, hasMore, status, reachable, failure, signedOut } = room;
  const saved = items.filter(({ message }) => message !== null);
  const unsent = items.filter(({ message, change }) => message === null || change !== null);
  const first = saved[0]?.message;
  const upToDate = status !== "offline" && reachable && !failure && !signedOut;
  return createPortal(
    <article data-record="" lang={view.locale}>
      <PrintedHeader
        consultation={consultation}
        people={participants.map(({ user }) => user)}
        viewer={viewer}
        printedAt={printedAt}
      />
      {upToDate ? null : <p className="record-note">{print.outOfDate}</p>}
      {hasMore && first ? (
        <p className="record-note">{print.older(fullTime(view, Date.parse(first.createdAt)))}</p>
      ) : null}
      <section aria-label={print.messages}>
        {saved.length === 0 ? <p>{words.chat.empty}</p> : null}
        {saved.map(({ key, message, delivery, deliveryAt }) =>
          message ? <PrintedMessage key={key} message={message} delivery={delivery} deliveryAt={deliveryAt} /> : null,
        )}
      </section>
      {unsent.length > 0 ? <PrintedUnsent items={unsent} /> : null}
      <p className="record-end">{print.end(saved.length)}</p>
    </article>,
    document.body,
  );
}
