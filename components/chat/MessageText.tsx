import { memo } from "react";
import { splitLinks } from "./split-links";

export const MessageText = memo(function MessageText({ id, content }: { id: string; content: string }) {
  return (
    <p id={id} dir="auto" className="whitespace-pre-wrap wrap-anywhere">
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
