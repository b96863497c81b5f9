"use client";

import { Trash2 } from "lucide-react";
import { useEffect } from "react";
import { Button } from "@/components/ui/Button";
import { CopyButton } from "@/components/ui/CopyButton";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import { useDraft } from "@/hooks/useDrafts";
import { normalText } from "@/lib/protocol/content";
import { focusComposer } from "./timeline-navigation";

interface KeptDraftProps {
  title: string;
  /** Where the words stood. */
  place: string;
  /** What the log has of the same kind: those very words are not lost. */
  recorded?: string | null;
}

/** Words that were still in a field when writing ended: they can be copied, and thrown away. */
export function KeptDraft({ title, place, recorded = null }: KeptDraftProps) {
  const { chat } = useWords();
  const { drafts } = useChatClient();
  const text = useDraft(place).trim();
  const isRecorded = recorded !== null && normalText(text) === recorded;
  useEffect(() => void drafts.open(place), [drafts, place]);
  // The push of an end may come before the answer to whoever asked for it, or the answer may never come.
  useEffect(() => {
    if (isRecorded) void drafts.discard(place);
  }, [isRecorded, drafts, place]);

  if (!text || isRecorded) return null;
  return (
    <div className="shrink-0 border-line border-t bg-surface px-4 pt-3">
      <div className="mx-auto max-w-3xl sm:px-5">
        <p className="text-ink-soft text-sm">{title}</p>
        <p className="max-h-24 overflow-y-auto whitespace-pre-wrap break-words" dir="auto">
          {text}
        </p>
        <div className="-mr-2.5 flex flex-wrap justify-end">
          <CopyButton look="quiet" size="small" words={chat.actions} text={() => text} />
          <Button
            look="danger"
            size="small"
            onClick={() => {
              focusComposer();
              void drafts.discard(place);
            }}
          >
            <Trash2 aria-hidden="true" className="size-4" />
            <span>{chat.actions.discard}</span>
          </Button>
        </div>
      </div>
    </div>
  );
}
