import { ChevronRight, Info } from "lucide-react";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import type { Catalogue } from "@/lib/i18n/en";
import { DEMO_PASSWORD, DEMO_PEOPLE } from "@/lib/server/accounts/demo-data";
import { HiddenFields, type HiddenValues, SIGN_IN_ACTION } from "./HiddenFields";

/** One form a person: a click signs in. */
export function DemoPeople({ words, hidden }: { words: Catalogue; hidden: HiddenValues }) {
  const { signIn } = words;
  return (
    <section aria-labelledby="demo-title" className="@container rounded-2xl bg-surface p-5 shadow-card">
      <h2 id="demo-title" className="font-semibold">
        {signIn.demoTitle}
      </h2>
      <p className="mt-0.5 text-sm text-ink-soft">{`${signIn.demoIntro} ${signIn.demoPairs}`}</p>
      <ul className="mt-3 -mx-2">
        {DEMO_PEOPLE.map(({ email, name, role }) => (
          <li key={email}>
            <form method="post" action={SIGN_IN_ACTION}>
              <HiddenFields values={hidden} />
              <input type="hidden" name="email" value={email} />
              <input type="hidden" name="password" value={DEMO_PASSWORD} />
              <button
                type="submit"
                className="flex min-h-14 w-full items-center gap-3 rounded-xl px-2 py-1.5 text-left hover:bg-hover"
              >
                <span className="@max-[12rem]:hidden">
                  <PersonAvatar person={{ id: email, name, image: null }} />
                </span>
                <PersonName name={name} role={role} className="grow font-medium" />
                <ChevronRight aria-hidden="true" className="size-4 shrink-0 text-ink-soft @max-[12rem]:hidden" />
              </button>
            </form>
          </li>
        ))}
      </ul>
      <p className="mt-3 flex gap-2.5 rounded-xl bg-sunken p-3 text-sm text-ink-soft">
        <Info aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
        <span>{signIn.demoHint}</span>
      </p>
    </section>
  );
}
