"use client";

import { FormField } from "@/components/people/FormField";
import { useWords } from "@/components/ui/ViewpointProvider";

/** The rule is that of `passwordSchema`. */
export function NewPasswordField({ problem, className }: { problem: string | null; className?: string }) {
  const { account } = useWords();
  return (
    <FormField
      className={className}
      label={account.newPassword}
      hint={account.passwordHint}
      problem={problem}
      type="password"
      name="password"
      autoComplete="new-password"
      required
      minLength={8}
      maxLength={1000}
    />
  );
}
