"use client";

import { type SubmitEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { useKeptForm } from "@/hooks/useKeptForm";
import { useManagement } from "@/hooks/useManagement";
import { newConsultationId } from "@/lib/browser/management-api";
import { errorWords } from "@/lib/i18n/catalogue";
import type { CreatedConsultation } from "@/lib/protocol/commands";
import { FormField } from "./FormField";
import { type FieldIssues, fieldWords, type NewConsultationFields, readFields } from "./new-consultation";

interface NewConsultationFormProps {
  fields: NewConsultationFields;
  onChange(fields: NewConsultationFields): void;
  onCreated(answer: CreatedConsultation): void;
  onCancel(): void;
}

const FIELD_OF = { patientEmail: "patientEmail", patientName: "patientName", subject: "subject", when: "scheduledFor" };

export function NewConsultationForm({ fields, onChange, onCreated, onCancel }: NewConsultationFormProps) {
  const { view, words } = useViewpoint();
  const own = words.newConsultation;
  const { createConsultation } = useManagement();
  /** Kept while it is not known what became of it: tried again it must not become a second consultation. */
  const [attempt, setAttempt] = useKeptForm<string | null>("consultation-attempt", null);
  const [issues, setIssues] = useState<FieldIssues>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function create(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget;
    const id = attempt ?? newConsultationId();
    setAttempt(id);
    setProblem(null);
    const read = readFields(id, fields, Date.now());
    if ("issues" in read) return refuse(form, read.issues);
    setBusy(true);
    setIssues({});
    const result = await createConsultation(read.command);
    setBusy(false);
    if (result.ok) {
      setAttempt(null);
      return onCreated(result.value);
    }
    const { code, fields: wrong } = result.refusal;
    if (code !== "network" && code !== "unavailable" && code !== "internal-error") setAttempt(null);
    if (Object.keys(wrong).length > 0) return refuse(form, wrong);
    setProblem(code === "id-conflict" ? own.already : errorWords(words, code));
  }

  function refuse(form: HTMLFormElement, found: FieldIssues) {
    setIssues(found);
    const first = Object.entries(FIELD_OF).find(([, field]) => found[field] !== undefined)?.[0];
    const field = first === undefined ? null : form.elements.namedItem(first);
    if (field instanceof HTMLElement) field.focus();
    else setProblem(words.errors["validation-failed"]);
  }

  const field = (name: keyof NewConsultationFields) => ({
    name,
    value: fields[name],
    problem: fieldWords(words, FIELD_OF[name], issues),
    onChange: (event: { currentTarget: HTMLInputElement }) => {
      onChange({ ...fields, [name]: event.currentTarget.value });
      setIssues(({ [FIELD_OF[name]]: _, ...others }) => others);
    },
  });

  return (
    <form noValidate onSubmit={create} className="mt-4 space-y-4">
      <FormField
        {...field("patientEmail")}
        label={own.email}
        type="email"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
        data-first
      />
      <FormField
        {...field("patientName")}
        label={own.name}
        optional={own.optional}
        hint={own.nameHint}
        autoComplete="off"
      />
      <FormField {...field("subject")} label={own.subject} hint={own.subjectHint} autoComplete="off" required />
      <FormField
        {...field("when")}
        label={own.when}
        optional={own.optional}
        hint={own.whenHint(view.zone)}
        type="datetime-local"
      />
      {problem ? (
        <p role="alert" className="rounded-lg bg-danger-soft px-3 py-2 text-danger text-sm">
          {problem}
        </p>
      ) : null}
      <div className="flex flex-wrap justify-end gap-2 pt-1">
        <Button look="secondary" onClick={onCancel}>
          {own.cancel}
        </Button>
        <Button type="submit" busy={busy}>
          {busy ? own.submitting : own.submit}
        </Button>
      </div>
    </form>
  );
}
