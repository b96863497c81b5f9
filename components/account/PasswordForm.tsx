"use client";

import { FormField } from "@/components/people/FormField";
import { Button } from "@/components/ui/Button";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import type { AccountFormAction } from "./account-form";
import { FormOutcome } from "./FormOutcome";
import { NewPasswordField } from "./NewPasswordField";
import { useAccountForm } from "./useAccountForm";

interface PasswordFormProps {
  viewerId: string;
  email: string;
  action: AccountFormAction;
}

export function PasswordForm({ viewerId, email, action }: PasswordFormProps) {
  const { words, state, busy, problemOf, problem, bind } = useAccountForm(action);
  const { account } = words;
  return (
    <form {...bind} className="mt-3">
      <input type="hidden" name={VIEWER_FIELD} value={viewerId} />
      {/* For password managers: whose password it is. */}
      <input hidden type="email" autoComplete="username" readOnly value={email} />
      <FormOutcome
        problem={problem({ "rate-limited": words.signIn.errors.RateLimited })}
        done={state.status === "done" ? account.changed : null}
      />
      <FormField
        label={account.currentPassword}
        problem={problemOf("current")}
        type="password"
        name="current"
        autoComplete="current-password"
        required
        maxLength={1000}
      />
      <NewPasswordField className="mt-4" problem={problemOf("password")} />
      <Button type="submit" look="secondary" className="mt-4" busy={busy}>
        {busy ? account.saving : account.change}
      </Button>
    </form>
  );
}
