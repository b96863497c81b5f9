"use client";

import { useWords } from "@/components/ui/ViewpointProvider";

/** Lies over the free end of the log, so that nothing moves when somebody writes. Not spoken: it changes all the time. */
export function TypingLine({ names }: { names: readonly string[] }) {
  const { typing } = useWords();
  const [first, second] = names;
  const text =
    first === undefined
      ? null
      : second === undefined
        ? typing.one(first)
        : names.length === 2
          ? typing.two(first, second)
          : typing.many;
  return (
    <div className="pointer-events-none relative z-10 h-0 shrink-0">
      <div className="absolute inset-x-0 bottom-0 bg-canvas px-4">
        <p
          translate="no"
          data-typing=""
          className="mx-auto max-w-3xl text-ink-soft text-xs leading-5 wrap-anywhere sm:px-5"
          dir="auto"
        >
          {text}
        </p>
      </div>
    </div>
  );
}
