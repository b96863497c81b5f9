"use client";

import { type FormAction, useChatForm } from "@/components/chat/form-action";
import { Button } from "@/components/ui/Button";
import { useOpenPage } from "@/components/ui/PageLink";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { StatusBadge } from "@/components/ui/StatusBadge";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useConsultationList } from "@/hooks/useConsultationList";
import { consultationPath } from "@/lib/browser/consultation-pages";
import { errorWords } from "@/lib/i18n/catalogue";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";

interface RequestRowProps {
  row: ConsultationRow;
  viewerId: string;
  answerRequest: FormAction;
}

/** Somebody asks for a first consultation: who, what about, and the two answers. The form needs no script. */
export function RequestRow({
  row: { id, counterpart, subject, status, scheduledFor },
  viewerId,
  answerRequest,
}: RequestRowProps) {
  const words = useWords();
  const { request } = words.list;
  const { refresh } = useConsultationList();
  const openPage = useOpenPage();
  const { state, busy, post, submit } = useChatForm(answerRequest, (answer, form) => {
    if (answer.status !== "done") return;
    void refresh();
    if (form.get("answer") === "accept") openPage(consultationPath(id));
  });
  const ended = status === "COMPLETED" || status === "CANCELLED";

  return (
    <li className="rounded-xl bg-accent-soft p-2.5">
      <div className="flex gap-3">
        <span className="h-fit shrink-0 @max-2xs:hidden">
          <PersonAvatar person={counterpart} size="large" />
        </span>
        <div className="min-w-0 grow">
          <p className="font-semibold">
            <PersonName name={counterpart.name} role={counterpart.role} />
          </p>
          <p className="text-pretty text-sm">{request.asks}</p>
          <p data-identity="" className="wrap-anywhere mt-1 font-medium text-sm" dir="auto">
            {subject}
          </p>
          {scheduledFor && !ended ? (
            <p className="text-sm">
              <span>{`${words.invitation.when} `}</span>
              <Time at={scheduledFor} as="full" />
            </p>
          ) : null}
          {ended ? <StatusBadge status={status} /> : null}
          <p className="mt-1 text-pretty text-ink-soft text-xs">{request.hint}</p>
          <form action={post} onSubmit={submit} className="mt-2 flex flex-wrap gap-2">
            <input type="hidden" name="consultationId" value={id} />
            <input type="hidden" name={VIEWER_FIELD} value={viewerId} />
            <Button
              type="submit"
              name="answer"
              value="accept"
              size="small"
              busy={busy}
              aria-label={request.of(request.accept, counterpart.name)}
            >
              {request.accept}
            </Button>
            <Button
              type="submit"
              name="answer"
              value="decline"
              look="secondary"
              size="small"
              busy={busy}
              aria-label={request.of(request.decline, counterpart.name)}
            >
              {request.decline}
            </Button>
            <p role="alert" className="basis-full text-danger text-sm empty:hidden">
              {state.status === "refused" ? errorWords(words, state.code) : null}
            </p>
          </form>
        </div>
      </div>
    </li>
  );
}
