"use client";

import { PencilLine, Reply, X } from "lucide-react";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { ComposerTarget } from "./useComposerTarget";

interface ComposerTargetBarProps {
  id: string;
  composing: ComposerTarget;
  onLeave(): void;
}

/** Above the text field: what sending will act on, and the way out. */
export function ComposerTargetBar({ id, composing, onLeave }: ComposerTargetBarProps) {
  const { chat, target } = useWords();
  const editing = composing.kind === "edit";
  const Icon = editing ? PencilLine : Reply;
  const title = editing
    ? target.editing
    : composing.own
      ? target.replyingToSelf
      : target.replyingTo(composing.senderName);
  return (
    <div className="mb-2 flex items-center gap-3 rounded-lg border-accent border-s-3 bg-sunken ps-3">
      <Icon aria-hidden="true" className="size-4 shrink-0 text-accent-strong" />
      <div id={id} className="min-w-0 grow py-1.5 text-sm leading-snug">
        <p className="truncate font-semibold text-accent-strong" dir="auto">
          {title}
        </p>
        <p className="truncate text-ink-soft" dir="auto">
          {editing ? composing.content : (composing.excerpt ?? chat.deleted)}
        </p>
        {editing ? <p className="sr-only">{target.editingHint}</p> : null}
      </div>
      <button
        type="button"
        aria-label={editing ? target.leaveEdit : target.leaveReply}
        onClick={onLeave}
        className="icon-button text-ink-soft hover:bg-hover hover:text-ink"
      >
        <X aria-hidden="true" className="size-4.5" />
      </button>
    </div>
  );
}
