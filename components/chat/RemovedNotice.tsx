"use client";

import { DoorClosed } from "lucide-react";
import { buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { PageLink } from "@/components/ui/PageLink";
import { useWords } from "@/components/ui/ViewpointProvider";

/** UI4: whoever was removed sees nothing of the conversation any more, and why. */
export function RemovedNotice({ backHref }: { backHref: string | undefined }) {
  const { pages, removed } = useWords();
  return (
    <div role="alert" className="grid h-full">
      <Notice icon={DoorClosed} title={removed.title} text={removed.text} headingLevel="h1">
        {backHref ? (
          <PageLink href={backHref} className={buttonClass()}>
            <span>{pages.home}</span>
          </PageLink>
        ) : null}
      </Notice>
    </div>
  );
}
