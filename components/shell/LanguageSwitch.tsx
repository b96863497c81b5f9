import { Languages } from "lucide-react";
import { cn } from "@/components/ui/cn";
import type { Catalogue } from "@/lib/i18n/en";
import { LOCALES, type Locale } from "@/lib/i18n/locale";

interface LanguageSwitchProps {
  words: Catalogue;
  current: Locale;
  page: string;
  action: (form: FormData) => Promise<void>;
}

/** One button a language; the form needs no script. */
export function LanguageSwitch({ words, current, page, action }: LanguageSwitchProps) {
  return (
    <form action={action} className="flex min-w-0 items-center gap-2">
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
    </form>
  );
}
