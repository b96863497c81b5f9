import { matches } from "@/components/shell/text-match";
import type { ConsultationStatus } from "@/lib/protocol/message";
import type { ConsultationRow } from "@/lib/protocol/snapshot";

export const FILTERS = ["all", "open", "scheduled", "finished"] as const;
export type Filter = (typeof FILTERS)[number];

const statuses: Record<Filter, readonly ConsultationStatus[]> = {
  all: ["SCHEDULED", "IN_PROGRESS", "COMPLETED", "CANCELLED"],
  open: ["IN_PROGRESS"],
  scheduled: ["SCHEDULED"],
  finished: ["COMPLETED", "CANCELLED"],
};

export function filterRows(rows: readonly ConsultationRow[], filter: Filter, query: string): ConsultationRow[] {
  return rows.filter(
    ({ status, subject, counterpart }) =>
      statuses[filter].includes(status) && matches(query, [counterpart.name, subject]),
  );
}
