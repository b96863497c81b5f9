"use client";

import { ErrorNotice } from "@/components/shell/ErrorNotice";

export default function ConsultationsError({ reset }: { reset: () => void }) {
  return (
    <div className="grid h-full">
      <ErrorNotice retry={reset} />
    </div>
  );
}
