"use client";

import { clockTime, fullTime, shortTime } from "@/lib/i18n/time";
import { useViewpoint } from "./ViewpointProvider";

interface TimeProps {
  at: string;
  as?: "clock" | "short" | "full";
  className?: string;
}

export function Time({ at, as = "clock", className }: TimeProps) {
  const { view, words, now } = useViewpoint();
  const time = Date.parse(at);
  const text = { clock: clockTime, full: fullTime, short: () => shortTime(view, words, time, now) }[as](view, time);
  return (
    <time translate="no" dateTime={at} title={fullTime(view, time)} className={className} suppressHydrationWarning>
      {text}
    </time>
  );
}
