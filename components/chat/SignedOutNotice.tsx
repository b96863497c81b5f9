"use client";

import { LogIn } from "lucide-react";
import { usePathname } from "next/navigation";
import { buttonClass } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";

/**
 * The session ended while the conversation is open. Words that are kept on the device are found again after signing
 * in; where they live in this page alone, signing in must not leave it.
 */
export function SignedOutNotice({ durable }: { durable: boolean }) {
  const words = useWords();
  const path = usePathname();
  return (
    <div role="alert" className="shrink-0 border-line border-t bg-warning-soft px-4 py-3 text-warning">
      <div className="mx-auto flex max-w-3xl flex-wrap items-center justify-between gap-3 sm:px-5">
        <p className="min-w-0 text-sm">{words.errors["session-ended"]}</p>
        <a
          href={`/sign-in?callbackUrl=${encodeURIComponent(path)}`}
          {...(durable ? {} : { target: "_blank", rel: "noopener" })}
          className={buttonClass({ size: "small" })}
        >
          <LogIn aria-hidden="true" className="size-4" />
          <span>{durable ? words.pages.signInAgain : words.pages.signInAgainInNewTab}</span>
        </a>
      </div>
    </div>
  );
}
