"use client";

import { type ComponentType, createElement, useEffect, useSyncExternalStore } from "react";
import { atRest } from "@/lib/browser/facilities";
import { LaterPart } from "@/lib/browser/later-part";
import type { Parts } from "@/lib/jsx/content";

const none = () => null;

function usePart<T>(part: LaterPart<T>): T | null {
  const here = useSyncExternalStore(part.subscribe, part.getSnapshot, none);
  useEffect(() => (here === null ? part.await() : undefined), [part, here]);
  return here;
}

export function useIsHere(part: LaterPart<unknown>): boolean {
  return useSyncExternalStore(
    part.subscribe,
    () => part.getSnapshot() !== null,
    () => false,
  );
}

/** A component whose script comes after the page's, and what stands in its place until then. */
export function drawnLater<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Meanwhile: () => Parts = none,
) {
  const part = new LaterPart(load);
  function Drawn(props: Props) {
    const Component = usePart(part);
    return Component ? createElement(Component, props) : <Meanwhile />;
  }
  return [Drawn, part] as const;
}

/** Fetches them as soon as the page is at rest; `parts` must be the same in every render. */
export function useFetchedAtRest(parts: readonly LaterPart<unknown>[]): void {
  useEffect(
    () =>
      atRest(() => {
        for (const part of parts) part.fetch();
      }),
    [parts],
  );
}
