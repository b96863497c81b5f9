"use client";

import { FormField } from "@/components/people/FormField";
import { Button } from "@/components/ui/Button";
import type { MailMode } from "@/lib/protocol/mail-mode";
import type { AccountFormAction } from "./account-form";
import { FormOutcome } from "./FormOutcome";
import { useAccountForm } from "./useAccountForm";

interface ForgotFormProps {
  mail: MailMode;
  action: AccountFormAction;
}

/** Says the same whether there is an account or not. */
export function ForgotForm({ mail, action }: ForgotFormProps) {
  const { words, state, busy, problemOf, problem, bind } = useAccountForm(action);
  const { account } = words;
  return (
    <form {...bind} className="mt-6 rounded-2xl bg-surface p-5 shadow-card">
      <FormOutcome problem={problem()} done={state.status === "done" ? account.resetSent[mail] : null} />
      <FormField
        label={words.signIn.email}
        problem={problemOf("email")}
        type="email"
        name="email"
        autoComplete="username"
        required
        maxLength={254}
      />
      <Button type="submit" className="mt-5 w-full" busy={busy}>
        {busy ? account.sending : account.sendLink}
      </Button>
    </form>
  );
}
