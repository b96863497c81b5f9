"use client";

import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { dayLabel } from "@/lib/i18n/time";

export function DayDivider({ time }: { time: number }) {
  const { view, words, now } = useViewpoint();
  return (
    <div className="mx-auto flex w-full max-w-3xl items-center gap-3 px-4 pt-5 pb-1 before:grow before:border-line before:border-t after:grow after:border-line after:border-t">
      <time
        translate="no"
        dateTime={new Date(time).toISOString()}
        className="text-xs font-medium text-ink-soft"
        suppressHydrationWarning
      >
        {dayLabel(view, words, time, now)}
      </time>
    </div>
  );
}
