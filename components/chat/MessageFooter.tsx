"use client";

import { Clock3 } from "lucide-react";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { DeliveryMark } from "./DeliveryMark";
import { useLasting } from "./useLasting";

interface MessageFooterProps {
  item: TimelineItem;
  newestOwn: boolean;
}

const STILL_SENDING_MS = 5_000;

/** When, whether changed, and how far it got. */
export function MessageFooter({ item, newestOwn }: MessageFooterProps) {
  const { message, pending, change, delivery, deliveryAt } = item;
  const words = useWords();
  const stillSending = useLasting(pending !== null && pending.state !== "parked", STILL_SENDING_MS);
  const deleted = message?.content === null;
  return (
    <p
      id={`message-${item.key}-foot`}
      translate="no"
      className="numeric mt-1 flex flex-wrap items-center gap-x-1.5 px-1 text-xs text-ink-soft"
    >
      {message ? <Time at={message.createdAt} /> : null}
      {message?.editedAt && !deleted ? <EditedMark at={message.editedAt} /> : null}
      {message && change && change.state !== "parked" ? (
        <span className="inline-flex items-center gap-1">
          <Clock3 aria-hidden="true" className="size-3.5" />
          <span>{change.kind === "edit" ? words.message.changing : words.message.deleting}</span>
        </span>
      ) : null}
      {stillSending ? <span role="status">{words.chat.stillSending}</span> : null}
      {delivery && !deleted && !(message && change) ? (
        <DeliveryMark
          status={delivery}
          at={deliveryAt}
          worded={delivery === "parked" || (newestOwn && !stillSending)}
        />
      ) : null}
    </p>
  );
}

function EditedMark({ at }: { at: string }) {
  const { chat } = useWords();
  return (
    <span>
      <span>{`${chat.edited} `}</span>
      <Time at={at} />
    </span>
  );
}
