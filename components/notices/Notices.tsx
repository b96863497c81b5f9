"use client";

import { useCallback, useEffect, useState } from "react";
import { drawnLater, useFetchedAtRest, useIsHere } from "@/components/ui/drawn-later";
import { useOpenPage } from "@/components/ui/PageLink";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useNotifications } from "@/hooks/useNotifications";
import { consultationPath } from "@/lib/browser/consultation-pages";
import { showInTitle } from "@/lib/browser/page-title";

const [ToastCorner, cornerPart] = drawnLater(async () => (await import("./ToastCorner")).ToastCorner);
const PARTS = [cornerPart];

/** On every page of somebody who is signed in: says in a corner, and in the tab's title, that somebody wrote elsewhere. */
export function Notices() {
  const openPage = useOpenPage();
  const open = useCallback((consultationId: string) => openPage(consultationPath(consultationId)), [openPage]);
  return <NoticeCorner onOpen={open} />;
}

export function NoticeCorner({ onOpen }: { onOpen: (consultationId: string) => void }) {
  useFetchedAtRest(PARTS);
  const { app, notices, preferences } = useWords();
  const { toasts, mayAsk, unread, dismiss, allow, decline } = useNotifications({
    title: app.name,
    newMessage: notices.newMessage,
    open: onOpen,
  });
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => showInTitle(unread), [unread]);

  async function allowAndSay() {
    const permission = await allow();
    if (permission === "denied") setProblem(preferences.blocked);
    if (permission === "unsupported") setProblem(preferences.unsupported);
  }

  // Nobody waits for a corner that is empty.
  const isHere = useIsHere(cornerPart);
  const isEmpty = toasts.length === 0 && !mayAsk && problem === null;
  if (isEmpty && !isHere) return null;
  return (
    <ToastCorner
      {...{ toasts, mayAsk, problem, onOpen }}
      onDismiss={dismiss}
      onAllow={() => void allowAndSay()}
      onDecline={decline}
      onProblemRead={() => setProblem(null)}
    />
  );
}
