import { splitLinks } from "@/components/chat/split-links";
import { Time } from "@/components/ui/Time";
import type { ReadableMail } from "@/lib/server/mail/read-simulated-mail";

/** A mail as its reader would see it; its links lead into this very app, whatever address stands in them. */
export function DevMail({ mail: { to, subject, text, sentAt } }: { mail: ReadableMail }) {
  return (
    <li className="min-w-0 rounded-2xl bg-surface p-5 shadow-card">
      <p className="flex flex-wrap items-baseline justify-between gap-x-3 text-ink-soft text-sm">
        <span className="wrap-anywhere">{to}</span>
        <Time at={sentAt.toISOString()} as="full" />
      </p>
      <h3 className="mt-1 font-medium">{subject}</h3>
      <p className="mt-2 whitespace-pre-wrap wrap-anywhere text-[0.9375rem]">
        {splitLinks(text.trim()).map((part, index) =>
          part.kind === "text" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
            <span key={index}>{part.text}</span>
          ) : (
            <a
              key={part.href}
              href={part.href.startsWith("http") ? new URL(part.href).pathname : part.href}
              className="font-medium text-accent-strong underline underline-offset-2"
            >
              {part.text}
            </a>
          ),
        )}
      </p>
    </li>
  );
}
