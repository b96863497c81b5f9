"use client";

import { CircleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { FormField } from "@/components/people/FormField";
import { Button } from "@/components/ui/Button";
import { useFormAction } from "@/components/ui/useFormAction";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";
import { IDLE, type InvitationState } from "./invitation-state";

interface InvitationFormProps {
  token: string;
  name: string;
  email: string;
  action: (previous: unknown, form: FormData) => Promise<InvitationState>;
}

export function InvitationForm({ token, name, email, action }: InvitationFormProps) {
  const words = useWords();
  const { invitation } = words;
  const { state, busy, post, submit } = useFormAction<InvitationState>(action, IDLE, (code) => ({
    ...{ status: "refused", name, code, withdrawn: false, fields: {} },
  }));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (state.status === "refused") form.current?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus();
  }, [state]);
  const refused = state.status === "refused" ? state : null;
  const issues: Record<string, string> = invitation.issues;
  const problemOf = (field: "name" | "password") => {
    const issue = refused?.fields[field];
    return issue === undefined ? null : (issues[`${field} ${issue}`] ?? invitation.issues[field]);
  };
  return (
    <form ref={form} action={post} onSubmit={submit} className="mt-6 rounded-2xl bg-surface p-5 shadow-card">
      <input type="hidden" name="token" value={token} />
      {refused && refused.code !== "validation-failed" ? (
        <p role="alert" className="mb-4 flex gap-2.5 rounded-xl bg-danger-soft p-3.5 text-[0.9375rem] text-danger">
          <CircleAlert aria-hidden="true" className="mt-0.5 size-5 shrink-0" />
          <span>
            {refused.withdrawn
              ? invitation.withdrawn
              : refused.code === "not-found"
                ? invitation.closed
                : errorWords(words, refused.code)}
          </span>
        </p>
      ) : null}
      <FormField
        label={invitation.email}
        hint={invitation.emailHint}
        problem={null}
        type="email"
        autoComplete="username"
        readOnly
        value={email}
      />
      <FormField
        className="mt-4"
        label={invitation.name}
        hint={invitation.nameHint}
        problem={problemOf("name")}
        name="name"
        autoComplete="name"
        required
        maxLength={100}
        defaultValue={refused?.name ?? name}
      />
      <FormField
        className="mt-4"
        label={invitation.password}
        hint={invitation.passwordHint}
        problem={problemOf("password")}
        type="password"
        name="password"
        autoComplete="new-password"
        required
        minLength={8}
        maxLength={1000}
      />
      <Button type="submit" className="mt-5 w-full" busy={busy}>
        {busy ? invitation.submitting : invitation.submit}
      </Button>
    </form>
  );
}
