import { useCallback, useMemo, useState } from "react";
import type { Quote, TimelineItem } from "@/lib/core/timeline";
import { excerptOf } from "@/lib/protocol/excerpt";
import { shownContent } from "./message-actions";

/** What the composer acts on instead of writing something new. */
export type ComposerTarget =
  | { kind: "reply"; id: string; own: boolean; senderName: string; excerpt: string | null }
  | { kind: "edit"; id: string; content: string };

/** The target follows its message: a quote its words, and what is deleted meanwhile cannot be edited any more. */
export function useComposerTarget(items: readonly TimelineItem[], unknownSender: string) {
  const [chosen, setChosen] = useState<ComposerTarget | null>(null);
  const target = useMemo(() => followed(chosen, items), [chosen, items]);

  const edit = useCallback((item: TimelineItem) => {
    setChosen({ kind: "edit", id: item.key, content: shownContent(item) ?? "" });
  }, []);
  const reply = useCallback(
    (item: TimelineItem) => {
      const senderName = item.message?.sender?.name ?? unknownSender;
      setChosen({ kind: "reply", id: item.key, own: item.own, senderName, excerpt: excerptOf(shownContent(item)) });
    },
    [unknownSender],
  );
  /** Of a message that comes back from the queue: it goes on answering what it answered. */
  const replyAgain = useCallback(
    ({ id, senderName, excerpt }: Quote) => {
      setChosen({ kind: "reply", id, own: false, senderName: senderName ?? unknownSender, excerpt });
    },
    [unknownSender],
  );
  const leave = useCallback(() => setChosen(null), []);
  return { target, edit, reply, replyAgain, leave };
}

function followed(target: ComposerTarget | null, items: readonly TimelineItem[]): ComposerTarget | null {
  const item = target && items.findLast(({ key }) => key === target.id);
  if (!target || !item) return target;
  const content = shownContent(item);
  if (target.kind === "edit") return content === null ? null : target;
  const excerpt = excerptOf(content);
  return excerpt === target.excerpt ? target : { ...target, excerpt };
}
