"use client";

import type { FormAction } from "@/components/chat/form-action";
import { useDrafts } from "@/hooks/useDrafts";
import { useUnsent } from "@/hooks/useUnsent";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { ConsultationRowLink } from "./ConsultationRowLink";
import { RequestRow } from "./RequestRow";
import { useSteadyOrder } from "./useSteadyOrder";

interface ConsultationRowsProps {
  rows: readonly ConsultationRow[];
  viewerId: string;
  openId: string | null;
  told: boolean;
  answerRequest: FormAction;
}

export function ConsultationRows({ rows, viewerId, openId, told, answerRequest }: ConsultationRowsProps) {
  const { shown, holders } = useSteadyOrder(rows);
  const unsent = useUnsent();
  const drafts = useDrafts(openId);
  return (
    <ul className="space-y-0.5 px-2 pb-4" {...holders}>
      {shown.map((row) =>
        row.request ? (
          <RequestRow key={row.id} row={row} viewerId={viewerId} answerRequest={answerRequest} />
        ) : (
          <ConsultationRowLink
            key={row.id}
            row={row}
            viewerId={viewerId}
            open={row.id === openId}
            told={told}
            unsent={unsent.get(row.id) ?? 0}
            draft={drafts.get(row.id) ?? null}
          />
        ),
      )}
    </ul>
  );
}
