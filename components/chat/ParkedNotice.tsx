"use client";

import { Check, Copy, PencilLine, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";

export interface UnsentActions {
  retry(id: string): void;
  discard(id: string): void;
  /** Takes the words back into the composer; null where nothing can be written. */
  edit: ((id: string, content: string) => void) | null;
}

interface ParkedNoticeProps {
  id: string;
  pending: NonNullable<TimelineItem["pending"]>;
  actions: UnsentActions;
}

/** Why a message was not sent, and the four things that can be done with its words. */
export function ParkedNotice({ id, pending, actions }: ParkedNoticeProps) {
  const words = useWords();
  const [copied, setCopied] = useState(false);
  const { edit } = actions;
  const signIn = pending.reason === "unauthenticated" || pending.reason === "session-ended";

  return (
    <div className="mt-1 flex max-w-full flex-col items-end text-right">
      <p className="text-sm text-danger">
        {pending.reason ? errorWords(words, pending.reason) : words.chat.parkedBehind}
      </p>
      <div className="-mr-2.5 flex flex-wrap justify-end">
        {signIn ? (
          <a
            href="/sign-in"
            target="_blank"
            rel="noopener"
            className="inline-flex min-h-8 items-center px-2.5 text-sm font-medium text-accent underline"
          >
            {words.pages.signInAgain}
          </a>
        ) : null}
        <Button look="quiet" size="small" onClick={() => actions.retry(id)}>
          <RotateCw aria-hidden="true" className="size-4 max-sm:hidden" />
          {words.chat.actions.retry}
        </Button>
        {edit ? (
          <Button look="quiet" size="small" onClick={() => edit(id, pending.content)}>
            <PencilLine aria-hidden="true" className="size-4 max-sm:hidden" />
            {words.chat.actions.edit}
          </Button>
        ) : null}
        <Button
          look="quiet"
          size="small"
          onClick={() =>
            navigator.clipboard?.writeText(pending.content).then(
              () => setCopied(true),
              () => {},
            )
          }
        >
          {copied ? (
            <Check aria-hidden="true" className="size-4 max-sm:hidden" />
          ) : (
            <Copy aria-hidden="true" className="size-4 max-sm:hidden" />
          )}
          <span role="status">{copied ? words.chat.actions.copied : words.chat.actions.copy}</span>
        </Button>
        <Button look="danger" size="small" onClick={() => actions.discard(id)}>
          <Trash2 aria-hidden="true" className="size-4 max-sm:hidden" />
          {words.chat.actions.discard}
        </Button>
      </div>
    </div>
  );
}
