"use client";

import { FormField } from "@/components/people/FormField";
import { Button } from "@/components/ui/Button";
import type { AccountFormAction } from "./account-form";
import { FormOutcome } from "./FormOutcome";
import { NewPasswordField } from "./NewPasswordField";
import { useAccountForm } from "./useAccountForm";

interface ResetFormProps {
  token: string;
  email: string;
  action: AccountFormAction;
}

export function ResetForm({ token, email, action }: ResetFormProps) {
  const { words, busy, problemOf, problem, bind } = useAccountForm(action);
  const { account } = words;
  return (
    <form {...bind} className="mt-6 rounded-2xl bg-surface p-5 shadow-card">
      <input type="hidden" name="token" value={token} />
      <FormOutcome problem={problem({ "not-found": account.closed })} done={null} />
      <FormField
        label={words.signIn.email}
        problem={null}
        type="email"
        autoComplete="username"
        readOnly
        value={email}
      />
      <NewPasswordField className="mt-4" problem={problemOf("password")} />
      <Button type="submit" className="mt-5 w-full" busy={busy}>
        {busy ? account.saving : account.setPassword}
      </Button>
    </form>
  );
}
