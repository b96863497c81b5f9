"use client";

import { CloudOff } from "lucide-react";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";
import { MessagesSkeleton } from "./ChatSkeleton";
import { useLasting } from "./useLasting";

const PATIENCE_MS = 2_000;

/** In the place of messages that are not here yet; says what is missing where that lasts. */
export function ComingMessages({ trouble }: { trouble: boolean }) {
  const { chat } = useWords();
  const missing = useLasting(trouble, PATIENCE_MS);
  if (missing) {
    return (
      <div role="status" className="grid min-h-40 grow overflow-y-auto">
        <Notice icon={CloudOff} title={chat.notHere} text={chat.notHereHint} />
      </div>
    );
  }
  return (
    <div aria-busy="true" className="appear-late flex min-h-40 grow flex-col">
      <p role="status" className="sr-only">
        {chat.loading}
      </p>
      <MessagesSkeleton />
    </div>
  );
}
