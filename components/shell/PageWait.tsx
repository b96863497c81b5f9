"use client";

import { CloudOff } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { overlayHistory } from "@/lib/browser/consultation-pages";
import { awaitedParts } from "@/lib/browser/later-part";
import { pageRequests } from "@/lib/browser/page-requests";

const nobody = () => () => {};
const subscribe = typeof window === "undefined" ? nobody : pageRequests().subscribe;
const isWaiting = () => pageRequests().getSnapshot();

/** Says that a page was asked for that does not come, and lets go of it; or a part of the program. */
export function PageWait() {
  const { pages } = useWords();
  const waiting = useSyncExternalStore(subscribe, isWaiting, () => false);
  const lacking = useSyncExternalStore(awaitedParts.subscribe, awaitedParts.getSnapshot, () => false);
  useEffect(openDocumentsWhenTheyCome, []);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-3 bottom-20 z-50 flex justify-center print:hidden">
      {waiting || lacking ? (
        <div className="pointer-events-auto flex max-w-md flex-wrap items-center justify-end gap-x-4 gap-y-2 rounded-2xl border border-line bg-surface px-4 py-3 shadow-float">
          <CloudOff aria-hidden="true" className="size-5 shrink-0 text-ink-soft" />
          <p className="min-w-0 grow basis-40 text-sm">{waiting ? pages.waiting : pages.lacking}</p>
          {waiting ? (
            <Button look="secondary" size="small" onClick={stay}>
              {pages.stay}
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

const stay = () => overlayHistory().stay();

/** Links that load a document, and reloads, wait for the server too; Next's own have been taken by then. */
function openDocumentsWhenTheyCome(): () => void {
  const open = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain || !link?.href || link.target || link.hasAttribute("download")) return;
    const { origin, pathname, search } = new URL(link.href);
    const shown = new URL(overlayHistory().shown);
    const isHere = pathname === shown.pathname && search === shown.search;
    if (origin !== location.origin || isHere) return;
    event.preventDefault();
    void pageRequests().open(link.href);
  };
  document.addEventListener("click", open);
  return () => document.removeEventListener("click", open);
}
