"use client";

import { ChevronLeft, UsersRound } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { cn } from "@/components/ui/cn";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { RoleBadge } from "@/components/ui/RoleBadge";
import { StatusBadge } from "@/components/ui/StatusBadge";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Consultation, Participant } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";
import { HeaderPresence } from "./HeaderPresence";

interface ChatHeaderProps {
  /** Null while it is being fetched. */
  consultation: Consultation | null;
  people: readonly User[];
  /** The same once their presence is known. */
  others: readonly Participant[];
  here: readonly string[];
  /** Where the back button of a phone leads; without it there is none. */
  backHref: string | undefined;
  children: ReactNode;
}

export function ChatHeader({ consultation, people, others, here, backHref, children }: ChatHeaderProps) {
  const { chat, list } = useWords();
  const [first, ...more] = people;
  const name = first ? (more.length > 0 ? chat.withOthers(first.name, more.length) : first.name) : chat.nobody;
  const running = consultation?.status === "IN_PROGRESS";
  return (
    <header className="flex min-h-16 shrink-0 items-center gap-2.5 border-line border-b bg-surface px-3 py-2 sm:px-5">
      {backHref ? (
        <Link
          href={backHref}
          aria-label={list.back}
          className="-ml-2 grid size-11 shrink-0 place-items-center rounded-lg hover:bg-hover md:hidden"
        >
          <ChevronLeft aria-hidden="true" className="size-6" />
        </Link>
      ) : null}
      {first ? (
        <PersonAvatar person={first} />
      ) : (
        <span className="grid size-10 shrink-0 place-items-center rounded-full bg-hover text-ink-soft">
          <UsersRound aria-hidden="true" className="size-5" />
        </span>
      )}
      <div className="min-w-0 grow">
        <h1 className="flex items-center gap-2 text-[0.9375rem] leading-snug font-semibold">
          <span className="truncate" dir="auto">
            {name}
          </span>
          {first ? <RoleBadge role={first.role} /> : null}
        </h1>
        {/* What finds no room goes into a second line, which is not shown. */}
        <p className="flex h-5 flex-wrap items-center gap-x-2 overflow-hidden text-ink-soft text-sm leading-5">
          {consultation ? (
            <span className={cn("flex shrink-0", running && "max-sm:sr-only")}>
              <StatusBadge status={consultation.status} />
            </span>
          ) : null}
          {running ? (
            <span className="flex shrink-0">
              <HeaderPresence others={others} here={here} />
            </span>
          ) : null}
          <span className="h-5 min-w-20 grow basis-0 truncate" dir="auto">
            {consultation?.subject}
          </span>
        </p>
      </div>
      <div className="flex shrink-0 items-center gap-2.5">{children}</div>
    </header>
  );
}
