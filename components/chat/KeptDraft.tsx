"use client";

import { CopyButton } from "@/components/ui/CopyButton";
import { useWords } from "@/components/ui/ViewpointProvider";

/** Words that were still in the composer when writing ended: they can be copied. */
export function KeptDraft({ title, text }: { title: string; text: string }) {
  const { chat } = useWords();
  return (
    <div className="shrink-0 border-line border-t bg-surface px-4 pt-3">
      <div className="mx-auto max-w-3xl sm:px-5">
        <p className="text-ink-soft text-sm">{title}</p>
        <div className="flex items-start justify-between gap-2">
          <p className="max-h-24 min-w-0 grow overflow-y-auto whitespace-pre-wrap break-words" dir="auto">
            {text}
          </p>
          <CopyButton look="quiet" size="small" words={chat.actions} text={() => text} />
        </div>
      </div>
    </div>
  );
}
