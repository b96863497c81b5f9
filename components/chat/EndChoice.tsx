"use client";

import { useWords } from "@/components/ui/ViewpointProvider";

/** The announced end is the usual one: nobody is cut off in the middle of a sentence. */
export function EndChoice({ id }: { id: string }) {
  const { closing } = useWords();
  const choices = [
    { value: "60", label: closing.inOneMinute, hint: closing.inOneMinuteHint },
    { value: "", label: closing.atOnce, hint: closing.atOnceHint },
  ];
  return (
    <fieldset>
      <legend className="text-sm font-medium">{closing.when}</legend>
      {choices.map(({ value, label, hint }) => (
        <div
          key={value}
          className="mt-1.5 flex gap-3 rounded-lg border border-line px-3 py-2 has-checked:border-accent has-checked:bg-accent-soft"
        >
          <input
            type="radio"
            id={`${id}-end-${value}`}
            name="afterSeconds"
            value={value}
            defaultChecked={value !== ""}
            aria-describedby={`${id}-end-${value}-hint`}
            className="size-6 shrink-0 accent-accent"
          />
          <div className="min-w-0">
            <label htmlFor={`${id}-end-${value}`} className="block font-medium text-[0.9375rem]">
              {label}
            </label>
            <p id={`${id}-end-${value}-hint`} className="text-ink-soft text-sm">
              {hint}
            </p>
          </div>
        </div>
      ))}
    </fieldset>
  );
}
