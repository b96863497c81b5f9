"use client";

import { MailWarning } from "lucide-react";
import { useEffect, useState } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import { LaterPart } from "@/lib/browser/later-part";

const queue = new LaterPart(() => import("@/lib/browser/queue/kept-on-device"));

/** Before somebody signs in: what another account left here would be deleted (SND5). Says neither whose nor what. */
export function UnsentHere() {
  const { signIn } = useWords();
  const [found, setFound] = useState(false);
  useEffect(() => {
    let asked = true;
    const look = async () => {
      const kept = await (await queue.whenHere()).unsentOnDevice();
      if (asked) setFound(kept.length > 0);
    };
    void look();
    return () => {
      asked = false;
    };
  }, []);

  return (
    <div role="status">
      {found ? (
        <div className="mt-5 flex gap-2.5 rounded-xl bg-warning-soft p-3.5 text-[0.9375rem] text-warning">
          <MailWarning aria-hidden="true" className="mt-0.5 size-5 shrink-0" />
          <div>
            <p className="font-semibold">{signIn.unsentTitle}</p>
            <p className="mt-0.5">{signIn.unsentText}</p>
          </div>
        </div>
      ) : null}
    </div>
  );
}
