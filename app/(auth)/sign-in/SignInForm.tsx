import Link from "next/link";
import { Button } from "@/components/ui/Button";
import type { Catalogue } from "@/lib/i18n/en";
import { HiddenFields, type HiddenValues, SIGN_IN_ACTION } from "./HiddenFields";

interface SignInFormProps {
  words: Catalogue;
  hidden: HiddenValues;
  /** Only where something else stands beside the form. */
  heading: string | null;
  /** The page says why, as `problem`. */
  refused: boolean;
}

const field =
  "mt-1.5 block min-h-11 w-full rounded-lg border border-control bg-surface px-3 text-base placeholder:text-ink-soft";

/** Posts to next-auth itself, so that it needs no script. */
export function SignInForm({ words: { signIn }, hidden, heading, refused }: SignInFormProps) {
  return (
    <form method="post" action={SIGN_IN_ACTION} className="rounded-2xl bg-surface p-5 shadow-card">
      {heading ? <h2 className="mb-3 font-semibold">{heading}</h2> : null}
      <HiddenFields values={hidden} />
      <label className="block text-sm font-medium">
        <span>{signIn.email}</span>
        <input
          className={field}
          type="email"
          name="email"
          autoComplete="username"
          required
          maxLength={320}
          // biome-ignore lint/a11y/noAutofocus: whoever was refused goes on where they tried.
          autoFocus={refused}
          aria-describedby={refused ? "problem" : undefined}
        />
      </label>
      <label className="mt-4 block text-sm font-medium">
        <span>{signIn.password}</span>
        <input
          className={field}
          type="password"
          name="password"
          autoComplete="current-password"
          required
          maxLength={1000}
        />
      </label>
      <Button type="submit" className="mt-5 w-full">
        {signIn.submit}
      </Button>
      <p className="mt-4 text-center text-sm">
        <Link href="/forgot-password" className="font-medium text-accent-strong underline underline-offset-2">
          <span>{signIn.forgot}</span>
        </Link>
      </p>
    </form>
  );
}
