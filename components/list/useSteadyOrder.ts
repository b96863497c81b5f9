"use client";

import { useCallback, useEffect, useRef, useState } from "react";
import type { ConsultationRow } from "@/lib/protocol/snapshot";

/** A pointer that rests, or a key pressed that long ago, chooses nothing any more. */
const HOLD_MS = 4_000;

/**
 * Rows keep their places while somebody is about to choose one: what they say changes, where they stand does not, and
 * a new one waits at the end. Spread `holders` on what contains them.
 */
export function useSteadyOrder(rows: readonly ConsultationRow[]) {
  const [held, setHeld] = useState<readonly string[] | null>(null);
  const shown = held ? inOrder(rows, held) : rows;
  const ids = useRef<readonly string[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    ids.current = shown.map(({ id }) => id);
  });

  const release = useCallback(() => {
    clearTimeout(timer.current);
    setHeld(null);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  const hold = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(release, HOLD_MS);
    setHeld((known) => known ?? ids.current);
  }, [release]);

  const holders = { onPointerMove: hold, onPointerDown: hold, onPointerLeave: release, onFocus: hold, onKeyDown: hold };
  return { shown, holders };
}

function inOrder(rows: readonly ConsultationRow[], order: readonly string[]): ConsultationRow[] {
  const places = new Map(order.map((id, place) => [id, place]));
  const placeOf = ({ id }: ConsultationRow) => places.get(id) ?? order.length;
  return [...rows].sort((a, b) => placeOf(a) - placeOf(b));
}
