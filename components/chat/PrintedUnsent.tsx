"use client";

import { useViewpoint } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import type { Catalogue } from "@/lib/i18n/en";
import { fullTime } from "@/lib/i18n/time";
import { PrintedQuote } from "./PrintedQuote";

/** Set apart, so that nobody takes for said what nobody else has. */
export function PrintedUnsent({ items }: { items: readonly TimelineItem[] }) {
  const { view, words } = useViewpoint();
  return (
    <section className="record-unsent">
      <h2>{words.print.unsentTitle}</h2>
      <p>{words.print.unsentText}</p>
      {items.map(({ key, message, pending, change }) => (
        <div key={key} className="record-entry">
          <p className="record-by">
            <strong>{stateWords(words, pending, change)}</strong>
            {message ? (
              <span>{` · ${words.print.changeOf(fullTime(view, Date.parse(message.createdAt)))}`}</span>
            ) : null}
          </p>
          {pending?.replyTo ? <PrintedQuote quote={pending.replyTo} /> : null}
          <p className="record-words" dir="auto">
            {pending?.content ?? change?.content}
          </p>
        </div>
      ))}
    </section>
  );
}

function stateWords(
  { chat, message }: Catalogue,
  pending: TimelineItem["pending"],
  change: TimelineItem["change"],
): string {
  if (change) {
    if (change.state === "parked") return change.kind === "edit" ? message.changeParked : message.deleteParked;
    return change.kind === "edit" ? message.changing : message.deleting;
  }
  return chat.delivery[pending?.state ?? "queued"];
}
