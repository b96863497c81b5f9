"use client";

import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";
import { type FormAction, useChatForm } from "./form-action";

interface ClosingChoiceProps {
  consultationId: string;
  action: FormAction;
  label: string;
  busyLabel: string;
  primary?: boolean;
}

export function ClosingChoice({ consultationId, action, label, busyLabel, primary = false }: ClosingChoiceProps) {
  const words = useWords();
  const { state, busy, post, submit } = useChatForm(action);
  return (
    <form action={post} onSubmit={submit}>
      <input type="hidden" name="consultationId" value={consultationId} />
      <Button type="submit" size="small" look={primary ? "primary" : "secondary"} busy={busy}>
        {busy ? busyLabel : label}
      </Button>
      {state.status === "refused" ? (
        <p role="alert" className="mt-1 max-w-60 text-danger text-sm">
          {errorWords(words, state.code)}
        </p>
      ) : null}
    </form>
  );
}
