"use client";

import { useSyncExternalStore } from "react";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { useChatClient } from "./useChatClient";

const NO_ROWS: readonly ConsultationRow[] = [];

/** My consultations, live; `initial` is what the server rendered. */
export function useConsultationList(initial?: readonly ConsultationRow[]) {
  const { subscribe, getSnapshot, getServerSnapshot, target } = useChatClient().list(initial);
  const { rows, status, failure } = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  return { rows: rows ?? NO_ROWS, loading: rows === null, status, failure, refresh: target.refresh };
}
