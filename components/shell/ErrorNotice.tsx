"use client";

import { CircleAlert } from "lucide-react";
import { Button, buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";

/** What an error boundary shows; loading the page anew also fetches what the server has now. */
export function ErrorNotice({ retry }: { retry: () => void }) {
  const { pages } = useWords();
  return (
    <Notice icon={CircleAlert} title={pages.errorTitle} text={pages.error} headingLevel="h1">
      <Button onClick={retry}>{pages.retry}</Button>
      <a href="/consultations" className={buttonClass({ look: "secondary" })}>
        {pages.home}
      </a>
    </Notice>
  );
}
