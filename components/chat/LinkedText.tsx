import { splitLinks } from "./split-links";

export function LinkedText({ content, focusable }: { content: string; focusable: boolean }) {
  return splitLinks(content).map((part, index) =>
    part.kind === "text" ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
      <span key={index}>{part.text}</span>
    ) : (
      <a
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
        key={index}
        href={part.href}
        tabIndex={focusable ? 0 : -1}
        // A direction of its own: the words around it cannot turn the shown address about.
        dir="ltr"
        {...(part.href.startsWith("http") ? { target: "_blank", rel: "noopener noreferrer" } : {})}
        className="font-medium text-accent-strong underline underline-offset-2"
      >
        {part.text}
      </a>
    ),
  );
}
