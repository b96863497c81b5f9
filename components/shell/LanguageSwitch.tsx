"use client";

import { Languages } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { type NoAnswer, useFormAction } from "@/components/ui/useFormAction";
import { useWords } from "@/components/ui/ViewpointProvider";
import { LOCALES, type Locale } from "@/lib/i18n/locale";

interface LanguageState {
  unanswered?: NoAnswer;
}

interface LanguageSwitchProps {
  current: Locale;
  page: string;
  /** Leads to the page in the chosen language. */
  action: (previous: unknown, form: FormData) => Promise<never>;
}

/** One button a language; the form needs no script. */
export function LanguageSwitch({ current, page, action }: LanguageSwitchProps) {
  const words = useWords();
  const { state, post, submit } = useFormAction<LanguageState>(action, {}, (unanswered) => ({ unanswered }));
  return (
    <form action={post} onSubmit={submit} className="flex min-w-0 flex-wrap items-center gap-2">
      <input type="hidden" name="page" value={page} />
      <Languages aria-hidden="true" className="size-4 shrink-0 text-ink-soft" />
      <fieldset className="flex min-w-0 flex-wrap rounded-lg border border-line bg-surface p-0.5">
        <legend className="sr-only">{words.language.label}</legend>
        {LOCALES.map((locale) => (
          <button
            key={locale}
            type="submit"
            name="locale"
            value={locale}
            lang={locale}
            aria-pressed={locale === current}
            className={cn(
              "min-h-8 rounded-md px-3 text-sm font-medium pointer-coarse:min-h-11",
              locale === current
                ? "chosen bg-accent-soft text-accent-strong underline decoration-2 underline-offset-4"
                : "text-ink-soft hover:bg-hover",
            )}
          >
            {words.language[locale]}
          </button>
        ))}
      </fieldset>
      <p role="status" className="basis-full text-danger text-sm empty:hidden">
        {state.unanswered ? words.errors[state.unanswered] : null}
      </p>
    </form>
  );
}
