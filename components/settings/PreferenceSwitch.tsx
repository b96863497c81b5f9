"use client";

import { useId } from "react";

interface PreferenceSwitchProps {
  name: string;
  label: string;
  hint: string;
  on: boolean;
  onChange(on: boolean): void;
}

/** A checkbox that looks and speaks as a switch, so that a form without scripts can post it. */
export function PreferenceSwitch({ name, label, hint, on, onChange }: PreferenceSwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-4 py-2.5">
      <div className="min-w-0 wrap-anywhere">
        <label htmlFor={id} className="font-medium text-[0.9375rem]">
          {label}
        </label>
        <p id={`${id}-hint`} className="text-pretty text-ink-soft text-sm">
          {hint}
        </p>
      </div>
      <input
        id={id}
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a checkbox tells its own state, also without scripts.
        role="switch"
        name={name}
        aria-describedby={`${id}-hint`}
        checked={on}
        onChange={(event) => onChange(event.currentTarget.checked)}
        className="switch relative mt-0.5 h-6 w-10 shrink-0 cursor-pointer appearance-none rounded-full border border-control bg-surface transition-colors before:absolute before:start-[3px] before:top-[3px] before:size-4 before:rounded-full before:bg-control before:transition-transform after:absolute after:-inset-2.5 checked:border-accent checked:bg-accent checked:before:translate-x-4 checked:before:bg-on-accent rtl:checked:before:-translate-x-4"
      />
    </div>
  );
}
