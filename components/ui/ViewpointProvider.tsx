"use client";

import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { restoreEarlyWords } from "@/lib/browser/early-words";
import { writeCookie } from "@/lib/browser/facilities";
import { wordsOf } from "@/lib/i18n/catalogue";
import type { Catalogue } from "@/lib/i18n/en";
import { knownZone, type Locale, ZONE_COOKIE } from "@/lib/i18n/locale";
import type { Viewpoint } from "@/lib/i18n/time";
import type { Parts } from "@/lib/jsx/content";

interface ViewpointContext {
  view: Viewpoint;
  words: Catalogue;
  now: number;
}

const Context = createContext<ViewpointContext | null>(null);

interface ViewpointProviderProps {
  locale: Locale;
  /** The zone that the cookie names, or null at the first visit and where the server does not know it. */
  zone: string | null;
  /** When the server rendered; the browser's own clock takes over after hydration. */
  renderedAt: number;
  children: Parts;
}

const nothing = () => () => {};
/** Etc/Unknown, or nothing, where the system does not say. */
const browserZone = () => knownZone(Intl.DateTimeFormat().resolvedOptions().timeZone);

function eachMinute(changed: () => void): () => void {
  const timer = setInterval(changed, 60_000);
  return () => clearInterval(timer);
}
const thisMinute = () => Math.floor(Date.now() / 60_000) * 60_000;

/** The viewer's language and zone. The first render repeats the server's, so hydration finds what it expects. */
export function ViewpointProvider({ locale, zone, renderedAt, children }: ViewpointProviderProps) {
  const currentZone = useSyncExternalStore<string | null>(nothing, browserZone, () => knownZone(zone));
  const now = useSyncExternalStore(eachMinute, thisMinute, () => renderedAt);

  useEffect(() => {
    if (currentZone === zone) return;
    const age = currentZone === null ? 0 : 31_536_000;
    writeCookie(`${ZONE_COOKIE}=${encodeURIComponent(currentZone ?? "")}; path=/; max-age=${age}; samesite=lax`);
  }, [currentZone, zone]);

  // The outermost effect of every page: everything below it is on the screen.
  useEffect(restoreEarlyWords, []);

  const value = useMemo(
    () => ({
      view: { locale, zone: currentZone ?? "UTC", zoneKnown: currentZone !== null },
      words: wordsOf(locale),
      now,
    }),
    [locale, currentZone, now],
  );
  return <Context value={value}>{children}</Context>;
}

export function useViewpoint(): ViewpointContext {
  const value = useContext(Context);
  if (!value) throw new Error("ViewpointProvider is missing above this component");
  return value;
}

export function useWords(): Catalogue {
  return useViewpoint().words;
}
