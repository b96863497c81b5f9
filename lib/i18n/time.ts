import type { Catalogue } from "./en";
import type { Locale } from "./locale";

/** Where and how a viewer reads times. */
export interface Viewpoint {
  locale: Locale;
  zone: string;
  /** The zone is a guess until the browser has said its own; a guess is named. */
  zoneKnown: boolean;
}

const tags: Record<Locale, string> = { de: "de-DE", en: "en-GB" };
const formats = new Map<string, Intl.DateTimeFormat>();

function format(view: Viewpoint, options: Intl.DateTimeFormatOptions, time: number): string {
  const key = `${view.locale} ${view.zone} ${JSON.stringify(options)}`;
  let cached = formats.get(key);
  if (!cached) {
    cached = new Intl.DateTimeFormat(tags[view.locale], { ...options, timeZone: view.zone });
    formats.set(key, cached);
  }
  return cached.format(time);
}

/** The calendar day in the viewer's zone, as 2026-11-21. */
export function dayKey(view: Viewpoint, time: number): string {
  return format({ ...view, locale: "en" }, { year: "numeric", month: "2-digit", day: "2-digit" }, time)
    .split("/")
    .reverse()
    .join("-");
}

export function clockTime(view: Viewpoint, time: number): string {
  const clock = format(view, { hour: "2-digit", minute: "2-digit" }, time);
  return view.zoneKnown ? clock : `${clock} UTC`;
}

export function fullTime(view: Viewpoint, time: number): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "long", year: "numeric" };
  return `${format(view, options, time)}, ${clockTime(view, time)}`;
}

/** For a list row: the day and the hour of something planned, the year only where it is another one. */
export function plannedTime(view: Viewpoint, time: number, now: number): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" };
  const sameYear = dayKey(view, time).slice(0, 4) === dayKey(view, now).slice(0, 4);
  return `${format(view, sameYear ? options : { ...options, year: "numeric" }, time)}, ${clockTime(view, time)}`;
}

function dayDistance(view: Viewpoint, from: number, to: number): number {
  return Math.round((Date.parse(dayKey(view, to)) - Date.parse(dayKey(view, from))) / 86_400_000);
}

/** "Today", "Yesterday", a weekday within the week, else the date. */
export function dayLabel(view: Viewpoint, words: Catalogue, time: number, now: number): string {
  const days = dayDistance(view, time, now);
  if (days === 0) return words.chat.today;
  if (days === 1) return words.chat.yesterday;
  if (days > 1 && days < 7) return format(view, { weekday: "long", day: "numeric", month: "long" }, time);
  return format(view, { weekday: "long", day: "numeric", month: "long", year: "numeric" }, time);
}

/** For a list row: the clock today, then the day, then the date. */
export function shortTime(view: Viewpoint, words: Catalogue, time: number, now: number): string {
  const days = dayDistance(view, time, now);
  if (days === 0) return clockTime(view, time);
  if (days === 1) return words.chat.yesterday;
  if (days > 1 && days < 7) return format(view, { weekday: "short" }, time);
  return format(view, { day: "2-digit", month: "2-digit", year: "2-digit" }, time);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** "5 minutes ago", "yesterday"; null within the last minute. */
export function agoTime(view: Viewpoint, time: number, now: number): string | null {
  const step = STEPS.find(([, ms]) => now - time >= ms);
  if (!step) return null;
  const [unit, ms] = step;
  return new Intl.RelativeTimeFormat(tags[view.locale], { numeric: "auto" }).format(
    -Math.floor((now - time) / ms),
    unit,
  );
}
