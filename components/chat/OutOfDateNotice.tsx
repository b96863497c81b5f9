"use client";

import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { reloadPage } from "@/lib/browser/consultation-pages";
import { errorWords } from "@/lib/i18n/catalogue";
import type { FeedFailure } from "@/lib/sync/event-feed";

/** What is shown may be old, and asking the server does not help. */
export function OutOfDateNotice({ failure }: { failure: FeedFailure }) {
  const words = useWords();
  return (
    <div role="alert" className="shrink-0 border-line border-t bg-warning-soft px-4 py-3 text-warning">
      <div className="mx-auto flex max-w-3xl flex-wrap items-center justify-between gap-3 sm:px-5">
        <p className="min-w-0 text-sm">{errorWords(words, failure)}</p>
        <Button size="small" onClick={reloadPage}>
          {words.chat.reload}
        </Button>
      </div>
    </div>
  );
}
