"use client";

import { Check, CircleAlert } from "lucide-react";
import { Fragment } from "react";
import type { FormState } from "@/components/chat/form-action";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";

export type Saving = { state: "idle" | "saving" | "saved" } | { state: "failed"; text: string };

/** What became of the last change, whichever way it was sent. */
export function SavedWords({ saving, posted }: { saving: Saving; posted: FormState }) {
  const words = useWords();
  const { preferences } = words;
  const failed =
    saving.state === "failed"
      ? saving.text
      : posted.status === "refused"
        ? `${preferences.failed} ${errorWords(words, posted.code)}`
        : null;
  const saved = saving.state === "saved" || (saving.state === "idle" && posted.status === "done");
  return (
    <div className="mt-1 min-h-6 text-sm">
      <p role="alert" className="flex gap-1.5 text-danger empty:hidden">
        {failed ? (
          <Fragment>
            <CircleAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
            <span>{failed}</span>
          </Fragment>
        ) : null}
      </p>
      <p role="status" className="flex items-center gap-1.5 text-ink-soft empty:hidden">
        {saving.state === "saving" ? <span>{preferences.saving}</span> : null}
        {saved ? (
          <Fragment>
            <Check aria-hidden="true" className="size-4 shrink-0 text-success" />
            <span>{preferences.saved}</span>
          </Fragment>
        ) : null}
      </p>
    </div>
  );
}
