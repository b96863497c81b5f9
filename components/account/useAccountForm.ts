"use client";

import { useEffect, useRef } from "react";
import { useFormAction } from "@/components/ui/useFormAction";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";
import { ACCOUNT_FORM_IDLE, type AccountFormAction, type AccountFormState, unanswered } from "./account-form";

/** Goes to the first field that was refused, and empties the form once it is done. */
export function useAccountForm(action: AccountFormAction) {
  const words = useWords();
  const { state, busy, post, submit } = useFormAction<AccountFormState>(action, ACCOUNT_FORM_IDLE, unanswered);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (state.status === "refused") form.current?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus();
    if (state.status === "done") form.current?.reset();
  }, [state]);
  const refused = state.status === "refused" ? state : null;
  const issues: Record<string, string> = words.account.issues;

  /** What is wrong with a field, in words. */
  function problemOf(field: string): string | null {
    const issue = refused?.fields[field];
    if (issue === undefined) return null;
    return issues[`${field} ${issue}`] ?? issues[field] ?? words.errors["validation-failed"];
  }

  /** What is wrong, but not with a field; `own` are words that this form has for some codes. */
  function problem(own: Partial<Record<string, string>> = {}): string | null {
    if (!refused || Object.keys(refused.fields).length > 0) return null;
    return own[refused.code] ?? errorWords(words, refused.code);
  }

  return { words, state, busy, problemOf, problem, bind: { ref: form, action: post, onSubmit: submit } };
}
