import { useCallback, useState } from "react";
import type { TimelineItem } from "@/lib/core/timeline";

/** Tells what comes in from what was there at first or is loaded from history later. */
export function useArrivals(items: readonly TimelineItem[]) {
  const [known] = useState(() => ({
    seq: items.reduce((highest, { message }) => Math.max(highest, message?.seq ?? 0), 0),
    keys: new Set(items.map(({ key }) => key)),
  }));
  const isArriving = useCallback(
    (key: string, seq: number | null) => !known.keys.has(key) && (seq === null || seq > known.seq),
    [known],
  );
  const arrived = useCallback((key: string) => void known.keys.add(key), [known]);
  return { isArriving, arrived };
}
