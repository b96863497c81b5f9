import { memo } from "react";
import { cn } from "@/components/ui/cn";
import { splitLinks } from "./split-links";

interface MessageTextProps {
  id: string;
  content: string;
  /** On its way to being deleted. */
  struck?: boolean;
}

export const MessageText = memo(function MessageText({ id, content, struck = false }: MessageTextProps) {
  return (
    <p id={id} dir="auto" className={cn("whitespace-pre-wrap wrap-anywhere", struck && "text-ink-soft line-through")}>
      {splitLinks(content).map((part, index) =>
        part.kind === "text" ? (
          part.text
        ) : (
          <a
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
            key={index}
            href={part.href}
            target="_blank"
            rel="noopener noreferrer"
            className="font-medium text-accent-strong underline underline-offset-2"
          >
            {part.text}
          </a>
        ),
      )}
    </p>
  );
});
