import type { LucideIcon } from "lucide-react";
import type { Parts } from "@/lib/jsx/content";

interface NoticeProps {
  icon: LucideIcon;
  title: string;
  text?: string;
  headingLevel?: "h1" | "h2";
  children?: Parts;
}

/** A quiet page-wide statement: nothing here, not found, something failed. */
export function Notice({ icon: Icon, title, text, headingLevel: Heading = "h2", children }: NoticeProps) {
  return (
    <div className="m-auto flex max-w-sm flex-col items-center px-6 py-10 text-center">
      <span className="mb-4 grid size-14 place-items-center rounded-full bg-accent-soft text-accent-strong">
        <Icon aria-hidden="true" className="size-6" />
      </span>
      <Heading className="text-balance text-lg font-semibold">{title}</Heading>
      {text ? <p className="mt-1.5 text-pretty text-[0.9375rem] text-ink-soft">{text}</p> : null}
      {children ? <div className="mt-6 flex flex-wrap justify-center gap-3">{children}</div> : null}
    </div>
  );
}
