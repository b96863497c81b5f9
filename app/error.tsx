"use client";

import { ErrorNotice } from "@/components/shell/ErrorNotice";

export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <main id="content" className="grid min-h-dvh">
      <ErrorNotice retry={reset} />
    </main>
  );
}
