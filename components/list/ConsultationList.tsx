"use client";

import { MessagesSquare, Settings } from "lucide-react";
import Link from "next/link";
import { ConnectionIndicator } from "@/components/chat/ConnectionIndicator";
import { Brand } from "@/components/shell/Brand";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useConsultationList } from "@/hooks/useConsultationList";
import { useUnsent } from "@/hooks/useUnsent";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { ConsultationRowLink } from "./ConsultationRowLink";
import { OpenRoomWatch } from "./OpenRoomWatch";

interface ConsultationListProps {
  viewer: User;
  initialRows: ConsultationRow[];
  openId: string | null;
  onOpening(id: string, opening: boolean): void;
}

export function ConsultationList({ viewer, initialRows, openId, onOpening }: ConsultationListProps) {
  const words = useWords();
  const { rows, status, refresh } = useConsultationList(initialRows);
  const unsent = useUnsent();
  const Heading = openId === null ? "h1" : "h2";
  const openRow = rows.find(({ id }) => id === openId);
  return (
    <div className="flex h-full flex-col">
      {openRow ? <OpenRoomWatch consultationId={openRow.id} viewerId={viewer.id} onChange={refresh} /> : null}
      <header className="flex min-h-16 shrink-0 items-center justify-between gap-2 border-line border-b px-4">
        <Brand name={words.app.name} />
        <div className="flex items-center gap-1">
          {openId === null ? <ConnectionIndicator status={status} /> : null}
          <Link
            href="/settings"
            aria-label={words.settings.open}
            className="-mr-2 grid size-11 place-items-center rounded-lg text-ink-soft hover:bg-hover"
          >
            <Settings aria-hidden="true" className="size-5" />
          </Link>
        </div>
      </header>
      <nav aria-label={words.list.label} className="flex min-h-0 grow flex-col overflow-y-auto">
        <Heading className="px-4 pt-4 pb-2 font-semibold text-ink-soft text-sm">{words.list.title}</Heading>
        {rows.length === 0 ? (
          <Notice icon={MessagesSquare} title={words.list.empty} text={words.list.emptyHint[viewer.role]} />
        ) : (
          <ul className="space-y-0.5 px-2 pb-4">
            {rows.map((row) => (
              <ConsultationRowLink
                key={row.id}
                row={row}
                viewerId={viewer.id}
                open={row.id === openId}
                unsent={unsent.get(row.id) ?? 0}
                onOpening={onOpening}
              />
            ))}
          </ul>
        )}
      </nav>
    </div>
  );
}
