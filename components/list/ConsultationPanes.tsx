"use client";

import { useSelectedLayoutSegment } from "next/navigation";
import { useCallback, useState } from "react";
import { ChatSkeleton } from "@/components/chat/ChatSkeleton";
import { cn } from "@/components/ui/cn";
import { useConsultationList } from "@/hooks/useConsultationList";
import type { Parts } from "@/lib/jsx/content";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { ConsultationList } from "./ConsultationList";
import { useOpeningFocus } from "./useOpeningFocus";

interface ConsultationPanesProps {
  viewer: User;
  initialRows: ConsultationRow[];
  children: Parts;
}

/** List beside conversation; a phone shows one of them, and where there is nothing to choose from there is one only. */
export function ConsultationPanes({ viewer, initialRows, children }: ConsultationPanesProps) {
  const openId = useSelectedLayoutSegment();
  const list = useConsultationList(initialRows);
  const [comingId, setComingId] = useState<string | null>(null);
  const onOpening = useCallback(
    (id: string, opening: boolean) => setComingId((known) => (opening ? id : known === id ? null : known)),
    [],
  );
  useOpeningFocus(openId);
  const coming = comingId !== null && comingId !== openId;
  const conversation = openId !== null || coming;
  const nothing = !conversation && !list.loading && list.rows.length === 0;

  return (
    <main
      id={conversation ? undefined : "content"}
      tabIndex={-1}
      className="@container/panes flex h-dvh w-full overflow-hidden outline-none print:h-auto print:overflow-visible"
    >
      <div
        className={cn(
          "w-full shrink-0 bg-surface",
          !nothing && "border-line border-r @3xl/panes:block @3xl/panes:w-80 @7xl/panes:w-88",
          conversation && "hidden",
        )}
      >
        <ConsultationList viewer={viewer} list={list} openId={openId} onOpening={onOpening} />
      </div>
      <div
        id={conversation ? "content" : undefined}
        tabIndex={-1}
        className={cn("min-w-0 grow outline-none", !nothing && "@3xl/panes:block", !conversation && "hidden")}
      >
        {coming ? (
          <div className="appear-late h-full">
            <ChatSkeleton />
          </div>
        ) : null}
        <div className={cn("h-full", coming && "hidden")}>{children}</div>
      </div>
    </main>
  );
}
