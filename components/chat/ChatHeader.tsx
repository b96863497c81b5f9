"use client";

import { ChevronLeft, UsersRound } from "lucide-react";
import { PageLink } from "@/components/ui/PageLink";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { StatusBadge } from "@/components/ui/StatusBadge";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Parts } from "@/lib/jsx/content";
import type { Consultation, Participant } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { HeaderNames } from "./HeaderNames";
import { HeaderPresence } from "./HeaderPresence";

interface ChatHeaderProps {
  /** Null while nothing is known of it. */
  consultation: Pick<Consultation, "subject" | "status"> | null;
  people: readonly User[];
  /** The same once their presence is known. */
  others: readonly Participant[];
  here: readonly string[];
  /** Whether anybody can tell us how they are there. */
  told: boolean;
  /** Where the back button of a phone leads; without it there is none. */
  backHref: string | undefined;
  children: Parts;
}

export function ChatHeader({ consultation, people, others, here, told, backHref, children }: ChatHeaderProps) {
  const { list } = useWords();
  const [first] = people;
  const invited = others.some(({ invitation }) => invitation);
  return (
    <header className="@container/header shrink-0 border-line border-b bg-surface">
      <div className="flex min-h-16 flex-wrap items-center justify-end gap-x-2.5 gap-y-1 px-3 py-2 sm:px-5">
        <div className="flex min-w-0 grow basis-52 items-center gap-2.5">
          {backHref ? (
            <PageLink
              href={backHref}
              aria-label={list.back}
              className="icon-button -ml-2 hover:bg-hover @3xl/panes:hidden"
            >
              <ChevronLeft aria-hidden="true" />
            </PageLink>
          ) : null}
          <span className="@max-[14rem]/header:hidden">
            {first ? (
              <PersonAvatar person={first} />
            ) : (
              <span className="grid size-10 place-items-center rounded-full bg-hover text-ink-soft">
                <UsersRound aria-hidden="true" className="size-5" />
              </span>
            )}
          </span>
          <div className="min-w-0 grow">
            <HeaderNames people={people} />
            {/* Reversed: the subject comes first, and what finds no room beside it goes into a second line, which is not seen. */}
            <div className="flex h-5 flex-row-reverse flex-wrap items-center justify-end gap-x-2 overflow-hidden text-ink-soft text-sm leading-5">
              <span data-identity="" className="h-5 min-w-[min(100%,7rem)] grow basis-0 truncate" dir="auto">
                {consultation?.subject}
              </span>
              {consultation?.status === "IN_PROGRESS" || invited ? (
                <span className="flex shrink-0">
                  <HeaderPresence others={others} here={here} told={told} />
                </span>
              ) : null}
              {consultation ? <StatusBadge status={consultation.status} /> : null}
            </div>
          </div>
        </div>
        <div className="flex flex-wrap items-center justify-end gap-2.5">{children}</div>
      </div>
    </header>
  );
}
