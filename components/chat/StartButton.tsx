"use client";

import { CirclePlay } from "lucide-react";
import { CancelConsultation } from "@/components/people/CancelConsultation";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";
import { type FormAction, useChatForm } from "./form-action";

export function StartButton({ consultationId, action }: { consultationId: string; action: FormAction }) {
  const words = useWords();
  const { state, busy, post, submit } = useChatForm(action);
  return (
    <form action={post} onSubmit={submit} className="pb-safe shrink-0 bg-surface px-4">
      <input type="hidden" name="consultationId" value={consultationId} />
      <div className="mx-auto flex max-w-3xl flex-col gap-2 sm:px-5">
        {state.status === "refused" ? (
          <p role="alert" className="text-sm text-danger">
            {errorWords(words, state.code)}
          </p>
        ) : null}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" busy={busy} className="grow">
            <CirclePlay aria-hidden="true" className="size-5" />
            <span>{busy ? words.life.starting : words.life.start}</span>
          </Button>
          <CancelConsultation consultationId={consultationId} />
        </div>
      </div>
    </form>
  );
}
