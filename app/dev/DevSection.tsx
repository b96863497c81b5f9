import type { Parts } from "@/lib/jsx/content";

interface DevSectionProps {
  title: string;
  hint: string;
  /** Said instead of the content. */
  empty: string | null;
  children: Parts;
}

export function DevSection({ title, hint, empty, children }: DevSectionProps) {
  const id = `dev-${title.toLowerCase()}`;
  return (
    <section aria-labelledby={id} className="mt-8">
      <h2 id={id} className="font-semibold">
        {title}
      </h2>
      <p className="mb-3 text-ink-soft text-sm">{hint}</p>
      {empty === null ? children : <p className="rounded-2xl bg-surface p-5 shadow-card">{empty}</p>}
    </section>
  );
}
