"use client";

import { ErrorNotice } from "@/components/shell/ErrorNotice";

export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <main id="content" tabIndex={-1} className="grid min-h-dvh outline-none">
      <ErrorNotice retry={reset} />
    </main>
  );
}
