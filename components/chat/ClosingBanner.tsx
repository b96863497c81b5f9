"use client";

import { Hourglass } from "lucide-react";
import { Unfolding } from "@/components/ui/Motion";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { User } from "@/lib/protocol/user";
import { ClosingChoice } from "./ClosingChoice";
import type { ChatActions } from "./form-action";
import { useSecondsLeft } from "./useSecondsLeft";

interface ClosingBannerProps {
  consultationId: string;
  /** Null: no end is announced. */
  closesAt: string | null;
  /** Who announced it, as far as the line about it is loaded. */
  actor: User | null;
  viewer: User;
  /** Those who may decide bring them. */
  actions: ChatActions | undefined;
}

export function ClosingBanner({ closesAt, ...props }: ClosingBannerProps) {
  return (
    <Unfolding shown={closesAt !== null} className="shrink-0 overflow-hidden">
      {closesAt === null ? null : <Countdown closesAt={closesAt} {...props} />}
    </Unfolding>
  );
}

/** For everybody while the end is announced: how long is left, and what to do with it. */
function Countdown({ consultationId, closesAt, actor, viewer, actions }: ClosingBannerProps & { closesAt: string }) {
  const { closing, life } = useWords();
  const seconds = useSecondsLeft(closesAt);
  const title = actor?.id === viewer.id ? closing.titleOwn : closing.title(actor?.name ?? closing.somebody);
  return (
    <section aria-label={title} className="border-line border-b bg-accent-soft px-4 py-2.5 text-ink sm:px-5">
      <div className="mx-auto flex max-w-3xl flex-wrap items-center gap-x-4 gap-y-2">
        <Hourglass aria-hidden="true" className="size-5 shrink-0 text-accent-strong max-sm:hidden" />
        <div className="min-w-0 grow text-sm">
          <p className="font-semibold wrap-anywhere">{title}</p>
          <p className="min-h-5 text-ink-soft">
            <span translate="no" role="timer" className="numeric">
              {seconds === null ? null : seconds === 0 ? closing.now : closing.left(clock(seconds))}
            </span>
            <span>{` ${closing.hint}`}</span>
          </p>
        </div>
        {actions ? (
          <div className="flex flex-wrap gap-2">
            <ClosingChoice
              consultationId={consultationId}
              action={actions.completeConsultation}
              label={closing.endNow}
              busyLabel={life.completing}
            />
            <ClosingChoice
              consultationId={consultationId}
              action={actions.continueConsultation}
              label={closing.goOn}
              busyLabel={closing.continuing}
              primary
            />
          </div>
        ) : null}
      </div>
    </section>
  );
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
