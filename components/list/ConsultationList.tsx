"use client";

import { MessagesSquare, SearchX, Settings } from "lucide-react";
import { useState } from "react";
import { ConnectionIndicator } from "@/components/chat/ConnectionIndicator";
import type { FormAction } from "@/components/chat/form-action";
import { NewConsultationButton } from "@/components/people/NewConsultationButton";
import { Brand } from "@/components/shell/Brand";
import { Button } from "@/components/ui/Button";
import { drawnLater, useFetchedAtRest } from "@/components/ui/drawn-later";
import { Notice } from "@/components/ui/Notice";
import { PageLink } from "@/components/ui/PageLink";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { useConsultationList } from "@/hooks/useConsultationList";
import type { User } from "@/lib/protocol/user";
import { isTold } from "@/lib/sync/people";
import { ConsultationRows } from "./ConsultationRows";
import { type Filter, filterRows } from "./filter-rows";
import { ListFailure } from "./ListFailure";
import { ListFilter } from "./ListFilter";
import { ListSkeleton } from "./ListSkeleton";

const [NewConsultation, form] = drawnLater(
  async () => (await import("@/components/people/NewConsultation")).NewConsultation,
);
const PARTS_OF_PRACTITIONER = [form];
const NO_PARTS: [] = [];

interface ConsultationListProps {
  viewer: User;
  list: ReturnType<typeof useConsultationList>;
  openId: string | null;
  answerRequest: FormAction;
}

export function ConsultationList({ viewer, list, openId, answerRequest }: ConsultationListProps) {
  const words = useWords();
  const { rows, loading, status, failure, refresh } = list;
  const [filter, setFilter] = useState<Filter>("all");
  const [query, setQuery] = useState("");
  const [creating, setCreating] = useState(false);
  const Heading = openId === null ? "h1" : "h2";
  const practitioner = viewer.role === "PRACTITIONER";
  useFetchedAtRest(practitioner ? PARTS_OF_PRACTITIONER : NO_PARTS);
  const filtered = filter !== "all" || query.trim() !== "";
  const shown = filterRows(rows, filter, query);
  const showAll = () => {
    setFilter("all");
    setQuery("");
  };

  return (
    <div className="@container flex h-full flex-col print:h-auto">
      <header className="flex min-h-16 shrink-0 flex-wrap items-center justify-between gap-x-2 border-line border-b px-4 py-1">
        <Brand name={words.app.name} />
        <div className="ms-auto flex items-center gap-1">
          {openId === null ? <ConnectionIndicator status={status} /> : null}
          <PageLink
            href="/settings"
            aria-label={words.settings.open}
            className="icon-button -me-2 text-ink-soft hover:bg-hover"
          >
            <Settings aria-hidden="true" className="size-5" />
          </PageLink>
        </div>
      </header>
      <nav
        aria-label={words.list.label}
        className="flex min-h-0 grow flex-col overflow-y-auto *:shrink-0 print:overflow-visible"
      >
        <div className="flex min-h-14 flex-wrap items-center justify-between gap-x-2 px-4 pt-3 pb-2">
          <Heading className="font-semibold text-ink-soft text-sm">{words.list.title}</Heading>
          {practitioner && rows.length > 0 ? <NewConsultationButton onClick={() => setCreating(true)} /> : null}
        </div>
        {rows.length > 1 || filtered ? (
          <ListFilter filter={filter} query={query} onFilter={setFilter} onQuery={setQuery} />
        ) : null}
        <p role="status" className="sr-only">
          {filtered ? words.list.shown(shown.length) : null}
        </p>
        {failure ? <ListFailure failure={failure} stale={!loading} onRetry={() => void refresh()} /> : null}
        {loading ? (
          failure ? null : (
            <ListSkeleton />
          )
        ) : rows.length === 0 ? (
          <Notice icon={MessagesSquare} title={words.list.empty} text={words.list.emptyHint[viewer.role]}>
            {practitioner ? <NewConsultationButton look="primary" onClick={() => setCreating(true)} /> : null}
          </Notice>
        ) : shown.length === 0 ? (
          <Notice icon={SearchX} title={words.list.noHits} text={words.list.noHitsHint}>
            <Button look="secondary" onClick={showAll}>
              {words.list.showAll}
            </Button>
          </Notice>
        ) : (
          <ConsultationRows
            rows={shown}
            viewerId={viewer.id}
            openId={openId}
            told={isTold(list)}
            answerRequest={answerRequest}
          />
        )}
      </nav>
      {practitioner && creating ? <NewConsultation onClose={() => setCreating(false)} /> : null}
    </div>
  );
}
