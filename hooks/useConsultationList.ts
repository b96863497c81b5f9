"use client";

import { useMemo, useSyncExternalStore } from "react";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { useChatClient } from "./useChatClient";
import { usePeople, withPresence } from "./usePeople";

const NO_ROWS: readonly ConsultationRow[] = [];

/** My consultations, live; `initial` is what the server rendered. */
export function useConsultationList(initial?: readonly ConsultationRow[]) {
  const { subscribe, getSnapshot, getServerSnapshot, target } = useChatClient().list(initial);
  const { rows, status, failure, reachable } = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  const people = usePeople();
  const withPeople = useMemo(
    () =>
      (rows ?? NO_ROWS).map((row) => {
        const counterpart = withPresence(row.counterpart, people.get(row.counterpart.id));
        return counterpart === row.counterpart ? row : { ...row, counterpart };
      }),
    [rows, people],
  );
  return { rows: withPeople, loading: rows === null, status, failure, reachable, refresh: target.refresh };
}
