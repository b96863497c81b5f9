"use client";

import { useWords } from "@/components/ui/ViewpointProvider";

/** Keeps its height while nobody writes, so that nothing moves when somebody does. Not spoken: it changes all the time. */
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
    <div className="shrink-0 px-4">
      <p data-typing="" className="mx-auto h-5 max-w-3xl truncate text-ink-soft text-xs leading-5 sm:px-5" dir="auto">
        {text}
      </p>
    </div>
  );
}
