"use client";

import { TriangleAlert } from "lucide-react";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useLasting } from "./useLasting";

const PATIENCE_MS = 1_000;

/** SND5: what is not sent lives in this page alone. Said once it takes longer than a send that goes well. */
export function KeepOpenNotice({ unsent }: { unsent: boolean }) {
  const { chat } = useWords();
  const shown = useLasting(unsent, PATIENCE_MS);
  return (
    <div role="status" className="shrink-0">
      {shown ? (
        <div className="border-line border-t bg-warning-soft px-4 py-2.5 text-warning">
          <p className="mx-auto flex max-w-3xl gap-2.5 text-sm sm:px-5">
            <TriangleAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
            <span>{chat.notKept}</span>
          </p>
        </div>
      ) : null}
    </div>
  );
}
