"use client";

import { type ComponentProps, useId } from "react";
import { cn } from "@/components/ui/cn";

interface FormFieldProps extends Omit<ComponentProps<"input">, "children" | "dangerouslySetInnerHTML"> {
  label: string;
  /** Said beside the label of a field that may stay empty. */
  optional?: string;
  hint?: string;
  problem: string | null;
}

/** Label, field, hint and what is wrong with it, tied together for everybody. */
export function FormField({ label, optional, hint, problem, className, ...input }: FormFieldProps) {
  const id = useId();
  const described = [hint ? `${id}-hint` : null, problem ? `${id}-problem` : null].filter(Boolean).join(" ");
  return (
    <div className={className}>
      <label htmlFor={id} className="block font-medium text-sm">
        <span>{label}</span>
        {optional ? <span className="font-normal text-ink-soft">{` (${optional})`}</span> : null}
      </label>
      <input
        id={id}
        dir="auto"
        aria-invalid={problem !== null}
        aria-describedby={described || undefined}
        className={cn(
          "mt-1.5 block min-h-11 w-full rounded-lg border bg-surface px-3 py-2 text-base",
          problem ? "border-danger" : "border-control",
        )}
        {...input}
      />
      {problem ? (
        <p id={`${id}-problem`} className="mt-1 text-danger text-sm">
          {problem}
        </p>
      ) : null}
      {hint ? (
        <p id={`${id}-hint`} className="mt-1 text-ink-soft text-xs">
          {hint}
        </p>
      ) : null}
    </div>
  );
}
