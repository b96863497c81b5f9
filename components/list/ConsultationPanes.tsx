"use client";

import { usePathname, useSelectedLayoutSegment } from "next/navigation";
import { useEffect, useState } from "react";
import type { ChatActions, FormAction } from "@/components/chat/form-action";
import { OpenedRoom, roomPart } from "@/components/chat/later-room";
import { cn } from "@/components/ui/cn";
import { useConsultationList } from "@/hooks/useConsultationList";
import { consultationAt, isOfDocument, LIST_PATH, showPanes } from "@/lib/browser/consultation-pages";
import type { Parts } from "@/lib/jsx/content";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { ConsultationList } from "./ConsultationList";
import { NothingOpen } from "./NothingOpen";
import { useOpenedTitle } from "./useOpenedTitle";
import { useOpeningFocus } from "./useOpeningFocus";

interface ConsultationPanesProps {
  viewer: User;
  initialRows: ConsultationRow[];
  actions: ChatActions;
  editWindowSeconds: number;
  answerRequest: FormAction;
  /** What the server rendered for the address that was asked of it. */
  children: Parts;
}

const NOT_SERVED = Symbol();
/** At once, for it is what somebody opens next. */
const fetchRoom = () => roomPart.fetch();

/**
 * List beside conversation; a phone shows one of them, and where there is nothing to choose from there is one only.
 * Only the first page comes from the server: what is opened after it is opened here, so that an outage takes away
 * nothing but what only the server has.
 */
export function ConsultationPanes(props: ConsultationPanesProps) {
  const { viewer, initialRows, actions, editWindowSeconds, answerRequest, children } = props;
  const segment = useSelectedLayoutSegment();
  const path = usePathname();
  const asked = consultationAt(path);
  const openId = asked === undefined ? segment : asked;
  const list = useConsultationList(initialRows);
  // What the server rendered of a room counts in the document that it came with, and once: Next keeps pages, and whoever
  // comes back may be let in no more (UI4). The client asks, or knows.
  const [served, spend] = useState(() => (isOfDocument(path) ? segment : NOT_SERVED));
  if (served !== NOT_SERVED && openId !== served) spend(NOT_SERVED);
  const isServed = asked === undefined || openId === served;
  useEffect(showPanes, []);
  useEffect(fetchRoom, []);
  useOpeningFocus(openId);
  useOpenedTitle(isServed ? undefined : openId);
  const nothing = openId === null && !list.loading && list.rows.length === 0;

  return (
    <main
      id={openId === null ? "content" : undefined}
      tabIndex={-1}
      className="@container/panes flex h-dvh w-full overflow-hidden outline-none print:h-auto print:overflow-visible"
    >
      <div
        className={cn(
          "w-full shrink-0 bg-surface",
          !nothing && "border-line border-r @3xl/panes:block @3xl/panes:w-80 @7xl/panes:w-88",
          openId !== null && "hidden",
        )}
      >
        <ConsultationList viewer={viewer} list={list} openId={openId} answerRequest={answerRequest} />
      </div>
      <div
        id={openId === null ? undefined : "content"}
        tabIndex={-1}
        className={cn("min-w-0 grow outline-none", !nothing && "@3xl/panes:block", openId === null && "hidden")}
      >
        {isServed ? (
          children
        ) : openId === null ? (
          <NothingOpen />
        ) : (
          <OpenedRoom
            key={openId}
            roomId={openId}
            currentUser={viewer}
            row={list.rows.find(({ id }) => id === openId)}
            actions={actions}
            editWindowSeconds={editWindowSeconds}
            backHref={LIST_PATH}
          />
        )}
      </div>
    </main>
  );
}
