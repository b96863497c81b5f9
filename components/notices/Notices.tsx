"use client";

import { Toast } from "radix-ui";
import { useCallback, useEffect, useState } from "react";
import { useOpenPage } from "@/components/ui/PageLink";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useNotifications } from "@/hooks/useNotifications";
import { consultationPath } from "@/lib/browser/consultation-pages";
import { showInTitle } from "@/lib/browser/page-title";
import { AskToast } from "./AskToast";
import { MessageToast } from "./MessageToast";
import { ToastCard } from "./ToastCard";

/** Rests while a pointer or the focus is on it. */
const SHOWN_MS = 8_000;

/** On every page of somebody who is signed in: says in a corner, and in the tab's title, that somebody wrote elsewhere. */
export function Notices() {
  const openPage = useOpenPage();
  const open = useCallback((consultationId: string) => openPage(consultationPath(consultationId)), [openPage]);
  return <NoticeCorner onOpen={open} />;
}

export function NoticeCorner({ onOpen }: { onOpen: (consultationId: string) => void }) {
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

  return (
    <Toast.Provider label={notices.label} duration={SHOWN_MS} swipeDirection="right">
      {toasts.map((toast) => (
        <MessageToast
          key={toast.messageId}
          toast={toast}
          onOpen={() => onOpen(toast.consultationId)}
          onDismiss={() => dismiss(toast.messageId)}
        />
      ))}
      {mayAsk ? <AskToast onAllow={() => void allowAndSay()} onDecline={decline} /> : null}
      {problem ? (
        <ToastCard lasting onDismiss={() => setProblem(null)}>
          <Toast.Description className="text-sm">
            <span>{problem}</span>
          </Toast.Description>
        </ToastCard>
      ) : null}
      <Toast.Viewport
        label={notices.region("{hotkey}")}
        data-notices=""
        className="fixed inset-x-3 top-18 z-40 flex flex-col gap-2 outline-none sm:start-auto sm:w-96"
      />
    </Toast.Provider>
  );
}
