"use client";

import { CircleAlert } from "lucide-react";
import { usePathname } from "next/navigation";
import { Button, buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";
import type { ErrorCode } from "@/lib/protocol/errors";

interface ListFailureProps {
  failure: ErrorCode;
  /** Rows from before are still shown. */
  stale: boolean;
  onRetry(): void;
}

export function ListFailure({ failure, stale, onRetry }: ListFailureProps) {
  const words = useWords();
  const path = usePathname();
  const signedOut = failure === "session-ended" || failure === "unauthenticated";
  const text = errorWords(words, failure);
  const way = signedOut ? (
    <a href={`/sign-in?callbackUrl=${encodeURIComponent(path)}`} className={buttonClass({ size: "small" })}>
      {words.pages.signInAgain}
    </a>
  ) : (
    <Button size={stale ? "small" : "regular"} look={stale ? "secondary" : "primary"} onClick={onRetry}>
      {words.list.retry}
    </Button>
  );
  if (!stale) {
    return (
      <div role="alert" className="grid grow">
        <Notice icon={CircleAlert} title={words.list.failed} text={text}>
          {way}
        </Notice>
      </div>
    );
  }
  return (
    <div role="alert" className="mx-4 mb-3 space-y-2 rounded-xl bg-warning-soft p-3 text-sm text-warning">
      <p>{text}</p>
      {way}
    </div>
  );
}
