import { memo } from "react";
import { cn } from "@/components/ui/cn";
import { LinkedText } from "./LinkedText";

interface MessageTextProps {
  id: string;
  content: string;
  focusable: boolean;
  /** On its way to being deleted. */
  struck?: boolean;
}

/** Put in anew when the words change: a page translator may have moved words between the parts, or added some (W1). */
export const MessageText = memo(function MessageText({ id, content, focusable, struck = false }: MessageTextProps) {
  return (
    <p
      key={content}
      id={id}
      translate="yes"
      dir="auto"
      className={cn("whitespace-pre-wrap wrap-anywhere", struck && "text-ink-soft line-through")}
    >
      <LinkedText content={content} focusable={focusable} />
    </p>
  );
});
